"""Nora looks after the groups, extensions and people of North."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser
from django.urls import reverse

from cdrs.models import DayCount
from portal.access.isolation import scope
from portal.accounts.models import Level, User
from portal.clients.models import Did, Extension, ExtensionGroup
from portal.clients.retiring import retire
from records.models import DayTotal
from tests.factories import NOON, PASSWORD, Cast, make_call, make_record, make_user

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
NEW = {"login": "Tom@North", "first_name": "Tom", "level": "client", "password": "correct horse battery"}


@pytest.fixture(autouse=True)
def nobody_is_locked_out() -> Any:
    cache.clear()
    yield
    cache.clear()


def address(name: str, row: Any = None) -> str:
    return reverse(name, args=[row.pk] if row else [])


def kept(cast: Cast, model: Any, **of: Any) -> Any:
    with scope(cast.north.pk):
        return model.objects.filter(client_id=cast.north.pk, **of).first()


def errors(answer: Any) -> dict[str, list[str]]:
    assert answer.status_code == 422
    return {name: list(found) for name, found in answer.context["form"].errors.items()}


def signs_in(login: str, password: str) -> bool:
    return Browser().post("/sign-in/", {"username": login, "password": password}).status_code == 302


# ---------------------------------------------------------------- groups


def test_nora_makes_and_renames_a_group(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    answer = nora.post(address("group-new"), {"name": "Returns"}, follow=True)
    assert "The group Returns is made." in answer.content.decode()
    group = kept(cast, ExtensionGroup, name="Returns")
    nora.post(address("group", group), {"name": "Refunds"})
    assert kept(cast, ExtensionGroup, pk=group.pk).name == "Refunds"


@pytest.mark.parametrize("name", ["Support", "", "x" * 201, "a\x00b"])
def test_a_group_needs_a_name_of_its_own(cast: Cast, as_: SignIn, name: str) -> None:
    answer = as_(cast.nora).post(address("group-new"), {"name": name})
    assert "name" in errors(answer)
    assert "Nothing was saved" in answer.content.decode()


def test_a_name_of_souths_is_free_in_north(cast: Cast, as_: SignIn) -> None:
    with scope(cast.south.pk):
        ExtensionGroup.objects.create(client=cast.south, name="Returns")
    assert as_(cast.nora).post(address("group-new"), {"name": "Returns"}).status_code == 302


def test_a_group_that_anything_belongs_to_stays(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    page = nora.get(address("group", cast.sales)).content.decode()
    assert "cannot be deleted: extensions, users belong to it" in page and "Delete Sales" not in page
    nora.post(address("group-delete", cast.sales))
    assert kept(cast, ExtensionGroup, pk=cast.sales.pk)


def test_a_group_whose_calls_are_kept_stays(cast: Cast, as_: SignIn) -> None:
    """Calls stay with the group that they were made in, also when its extensions have moved on."""
    make_call(cast.north, cast.ext102)
    with scope(cast.north.pk):
        Extension.objects.filter(pk=cast.ext102.pk).update(group=cast.sales)
    answer = as_(cast.nora).post(address("group-delete", cast.support), follow=True)
    assert "was not deleted: calls belong to it" in answer.content.decode()
    assert kept(cast, ExtensionGroup, pk=cast.support.pk)


def test_a_group_goes_whose_only_extension_is_retired(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        Extension.objects.filter(pk=cast.ext102.pk).update(status="retired")
        DayCount.objects.create(client=cast.north, day=NOON.date(), group=cast.support)  # all that it counted has gone
        DayTotal.objects.create(client=cast.north, kind="record", day=NOON.date(), group=cast.support)
    nora = as_(cast.nora)
    assert "Delete Support" in nora.get(address("group", cast.support)).content.decode()
    nora.post(address("group-delete", cast.support))
    assert kept(cast, ExtensionGroup, pk=cast.support.pk) is None
    assert kept(cast, Extension, pk=cast.ext102.pk).group_id is None
    with scope(cast.north.pk):
        assert not DayCount.objects.exists() and not DayTotal.objects.exists()


def test_calls_of_a_retired_extension_keep_its_group_and_are_called_calls(cast: Cast, as_: SignIn) -> None:
    _, leg = make_call(cast.north, cast.ext102)
    make_record(cast.north, leg)
    with scope(cast.north.pk):
        Extension.objects.filter(pk=cast.ext102.pk).update(status="retired")
        DayCount.objects.create(client=cast.north, day=NOON.date(), group=cast.support, legs=1)
    told = as_(cast.nora).post(address("group-delete", cast.support), follow=True).content.decode()
    assert "Support was not deleted: calls, recordings belong to it." in told
    assert kept(cast, Extension, pk=cast.ext102.pk).group_id == cast.support.pk
    with scope(cast.north.pk):
        assert DayCount.objects.exists()


def test_an_empty_group_is_deleted(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        group = ExtensionGroup.objects.create(client=cast.north, name="Returns")
    nora = as_(cast.nora)
    assert "Delete Returns" in nora.get(address("group", group)).content.decode()
    assert nora.get(address("group-delete", group)).status_code == 405
    nora.post(address("group-delete", group))
    assert kept(cast, ExtensionGroup, pk=group.pk) is None


def test_groups_are_counted(cast: Cast, as_: SignIn) -> None:
    groups = {group.name: group for group in as_(cast.nora).get(address("groups")).context["groups"]}
    assert (groups["Sales"].extension_count, groups["Sales"].user_count) == (1, 1)
    assert (groups["Support"].extension_count, groups["Support"].user_count) == (1, 0)


# ---------------------------------------------------------------- extensions


def test_nora_makes_an_extension_and_moves_it(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    fields = {"number": "103", "name": "Max Roe", "type": "phone", "group": cast.sales.pk}
    assert nora.post(address("extension-new"), fields).status_code == 302
    extension = kept(cast, Extension, number="103")
    assert (extension.group_id, extension.status, extension.discovered) == (cast.sales.pk, "active", False)
    moved = {"name": "Max Roe", "label": "2nd floor", "type": "fax", "status": "blocked", "group": cast.support.pk}
    nora.post(address("extension", extension), moved | {"number": "999"})
    extension = kept(cast, Extension, pk=extension.pk)
    assert (extension.number, extension.type, extension.status) == ("103", "fax", "blocked")
    assert extension.group_id == cast.support.pk


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"number": "101"}, "number"),
        ({"number": ""}, "number"),
        ({"number": "1 0"}, "number"),
        ({"number": "1*0"}, "number"),
        ({"type": "toaster"}, "type"),
    ],
)
def test_a_wrong_extension_names_the_field(cast: Cast, as_: SignIn, fields: dict[str, str], named: str) -> None:
    answer = as_(cast.nora).post(address("extension-new"), {"number": "104", "type": "phone"} | fields)
    assert list(errors(answer)) == [named]


def test_a_group_of_souths_cannot_be_chosen(cast: Cast, as_: SignIn) -> None:
    fields = {"number": "104", "type": "phone", "group": cast.south_sales.pk}
    assert "group" in errors(as_(cast.nora).post(address("extension-new"), fields))
    fields = {"name": "Ann", "type": "phone", "status": "active", "group": cast.south_sales.pk}
    assert "group" in errors(as_(cast.nora).post(address("extension", cast.ext101), fields))


def test_an_extension_is_retired_and_its_calls_stay(cast: Cast, as_: SignIn) -> None:
    call, _ = make_call(cast.north, cast.ext101)
    nora = as_(cast.nora)
    assert nora.post(address("extension-retire", cast.ext101)).status_code == 302
    assert kept(cast, Extension, pk=cast.ext101.pk).status == "retired"
    assert nora.get(reverse("call", args=[call.call_uuid])).status_code == 200
    assert "Retire 101" not in nora.get(address("extension", cast.ext101)).content.decode()


def test_the_number_of_a_retired_extension_is_free_again(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        Did.objects.create(client=cast.north, number="+442079460101", extension=cast.ext101)
    nora = as_(cast.nora)
    nora.post(address("extension-retire", cast.ext101))
    assert kept(cast, Did, number="+442079460101").extension_id is None, "its outside number is free too"
    fields = {"number": "101", "name": "Max Roe", "type": "phone"}
    assert nora.post(address("extension-new"), fields).status_code == 302
    assert errors(nora.post(address("extension-new"), fields))["number"]
    again = {"name": "Ann Berg", "type": "phone", "status": "active"}
    assert errors(nora.post(address("extension", cast.ext101), again)) == {
        "status": ["The number 101 belongs to another extension now."]
    }
    nora.post(address("extension-retire", kept(cast, Extension, name="Max Roe")))
    assert nora.post(address("extension", cast.ext101), again).status_code == 302
    assert kept(cast, Extension, pk=cast.ext101.pk).status == "active"


def test_retiring_is_no_state_to_choose(cast: Cast, as_: SignIn) -> None:
    fields = {"name": "Ann", "type": "phone", "status": "retired"}
    assert list(errors(as_(cast.nora).post(address("extension", cast.ext101), fields))) == ["status"]


def test_a_user_of_a_retired_extension_keeps_it_when_its_number_is_somebody_elses(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        retire(cast.ext101)
        successor = Extension.objects.create(client=cast.north, number="101")
    nora = as_(cast.nora)
    fields = {"login": "ann@north", "level": "extension", "extension": "101"}
    assert nora.post(address("user", cast.ann), fields | {"first_name": "Anne"}).status_code == 302
    assert kept(cast, User, pk=cast.ann.pk).extension_id == cast.ext101.pk
    assert nora.post(address("user-new"), NEW | {"level": "extension", "extension": "101"}).status_code == 302
    assert kept(cast, User, login="tom@north").extension_id == successor.pk


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("", ["101", "102"]),
        ("?q=li", ["102"]),
        ("?q=10", ["101", "102"]),
        ("?status=retired", []),
        ("?status=discovered", []),
        ("?type=phone", ["101", "102"]),
        ("?type=fax", []),
        ("?status=active&q=101", ["101"]),
    ],
)
def test_extensions_are_found(cast: Cast, as_: SignIn, query: str, numbers: list[str]) -> None:
    answer = as_(cast.nora).get(address("extensions") + query)
    assert [extension.number for extension in answer.context["extensions"]] == numbers


@pytest.mark.parametrize("query", ["?status=odd", "?group=x", "?page=0", "?page=x", "?page=99999"])
def test_a_wrong_question_about_extensions(cast: Cast, as_: SignIn, query: str) -> None:
    answer = as_(cast.nora).get(address("extensions") + query)
    assert answer.status_code == 400
    if "page" in query:
        assert "page: a whole number from 1 to 1,000 is needed." in answer.content.decode()


def test_extensions_of_a_group_are_found(cast: Cast, as_: SignIn) -> None:
    answer = as_(cast.nora).get(f"{address('extensions')}?group={cast.support.pk}")
    assert [extension.number for extension in answer.context["extensions"]] == ["102"]


def test_more_than_a_hundred_extensions_have_pages(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        Extension.objects.bulk_create(Extension(client=cast.north, number=str(number)) for number in range(2000, 2150))
    nora = as_(cast.nora)
    first = nora.get(address("extensions"))
    second = nora.get(address("extensions") + first.context["older_url"])
    assert [len(page.context["extensions"]) for page in (first, second)] == [100, 52]
    assert second.context["older_url"] is None and first.context["newer_url"] is None


# ---------------------------------------------------------------- outside numbers


def test_nora_adds_an_outside_number_and_gives_it_away(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    fields = {"number": " +442079460101 ", "extension": "101", "domain": "sip.example.com"}
    answer = nora.post(address("did-new"), fields, follow=True)
    assert "+442079460101 is answered by 101 Ann Berg." in answer.content.decode()
    did = kept(cast, Did, number="+442079460101")
    assert (did.extension_id, did.domain) == (cast.ext101.pk, "sip.example.com")
    page = nora.get(address("did", did)).content.decode()
    assert 'value="101"' in page and "Delete +442079460101" in page
    nora.post(address("did", did), fields | {"extension": ""})
    assert kept(cast, Did, pk=did.pk).extension_id is None
    assert nora.get(address("did-delete", did)).status_code == 405
    nora.post(address("did-delete", did))
    assert kept(cast, Did, pk=did.pk) is None


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"number": ""}, "number"),
        ({"number": "+44 20"}, "number"),
        ({"number": "taken"}, "number"),
        ({"extension": "999"}, "extension"),
        ({"domain": "no domain"}, "domain"),
    ],
)
def test_a_wrong_outside_number_names_the_field(cast: Cast, as_: SignIn, fields: dict[str, str], named: str) -> None:
    with scope(cast.north.pk):
        Did.objects.create(client=cast.north, number="taken")
    with scope(cast.south.pk):
        Did.objects.create(client=cast.south, number="+442079460101")
    answer = as_(cast.nora).post(address("did-new"), {"number": "+442079460101"} | fields)
    assert list(errors(answer)) == [named]


def test_rita_sees_outside_numbers_without_buttons(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        did = Did.objects.create(client=cast.north, number="+442079460101", extension=cast.ext101)
    rita = as_(cast.rita)
    page = rita.get(address("dids")).content.decode()
    assert "+442079460101" in page and "Ann Berg" in page and "New outside" not in page
    assert rita.post(address("did-delete", did)).status_code == 403
    assert address("dids") in rita.get(address("extensions")).content.decode()


# ---------------------------------------------------------------- people


def test_nora_makes_an_agent_who_signs_in(cast: Cast, as_: SignIn) -> None:
    fields = NEW | {"level": "extension", "extension": "102", "group": cast.sales.pk, "read_only": "on"}
    assert as_(cast.nora).post(address("user-new"), fields).status_code == 302
    tom = kept(cast, User, login="tom@north")
    assert (tom.level, tom.extension_id, tom.group_id, tom.read_only) == ("extension", cast.ext102.pk, None, True)
    assert tom.client_id == cast.north.pk
    assert signs_in("tom@north", NEW["password"])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"login": ""}, "login"),
        ({"login": "ANN@north"}, "login"),
        ({"login": "a\x00b"}, "login"),
        ({"level": "operator"}, "level"),
        ({"level": "extension_group"}, "group"),
        ({"level": "extension"}, "extension"),
        ({"level": "extension", "extension": "999"}, "extension"),
        ({"password": "short"}, "password"),
        ({"password": "password1234"}, "password"),
        ({"password": ""}, "password"),
        ({"email": "nobody"}, "email"),
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
    ],
)
def test_a_wrong_user_names_the_field(cast: Cast, as_: SignIn, fields: dict[str, str], named: str) -> None:
    answer = as_(cast.nora).post(address("user-new"), NEW | fields)
    assert list(errors(answer)) == [named]
    assert kept(cast, User, login="tom@north") is None


def test_a_login_of_another_company_is_taken(cast: Cast, as_: SignIn) -> None:
    for login in ("sam@south", "olga"):
        answer = as_(cast.nora).post(address("user-new"), NEW | {"login": login})
        assert errors(answer) == {"login": ["This login is taken. Another one is needed."]}


def test_two_who_take_one_login_at_once(cast: Cast, as_: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The look-up finds nothing yet, and the database has the last word."""
    monkeypatch.setattr("portal.accounts.user_forms.lookups.user_by_login", lambda login: None)
    answer = as_(cast.nora).post(address("user-new"), NEW | {"login": "sam@south"})
    assert "Somebody else has just taken" in errors(answer)["__all__"][0]


def test_nora_changes_what_ann_sees(cast: Cast, as_: SignIn) -> None:
    fields = {"login": "ann@north", "level": "extension_group", "group": cast.support.pk, "extension": "101"}
    assert as_(cast.nora).post(address("user", cast.ann), fields).status_code == 302
    ann = kept(cast, User, pk=cast.ann.pk)
    assert (ann.level, ann.group_id, ann.extension_id) == (Level.GROUP, cast.support.pk, None)
    assert signs_in("ann@north", PASSWORD), "the password stays"


def test_blocking_ends_the_sign_in_at_once(cast: Cast, as_: SignIn) -> None:
    nora, ann = as_(cast.nora), as_(cast.ann)
    nora.post(address("user-block", cast.ann))
    assert ann.get("/calls/").status_code == 302
    assert not signs_in("ann@north", PASSWORD)
    assert "blocked" in nora.get(address("users")).content.decode()
    nora.post(address("user-unblock", cast.ann))
    assert ann.get("/calls/").status_code == 302, "a former sign-in does not come back"
    assert signs_in("ann@north", PASSWORD)


def test_nobody_locks_themselves_out(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    nora.post(address("user-block", cast.nora))
    fields = {"login": "nora@north", "level": "extension", "extension": "101", "read_only": "on", "first_name": "Nora"}
    assert nora.post(address("user", cast.nora), fields).status_code == 302
    person = kept(cast, User, pk=cast.nora.pk)
    assert (person.status, person.level, person.read_only, person.first_name) == ("active", "client", False, "Nora")
    assert nora.get(address("user-password", cast.nora)).status_code == 404


def test_a_new_password_signs_out_everywhere(cast: Cast, as_: SignIn) -> None:
    nora, ann = as_(cast.nora), as_(cast.ann)
    assert "password" in errors(nora.post(address("user-password", cast.ann), {"password": "ann@north"}))
    nora.post(address("user-password", cast.ann), {"password": "correct horse battery"})
    assert ann.get("/calls/").status_code == 302
    assert signs_in("ann@north", "correct horse battery")


def test_an_operator_is_nobodys_user(cast: Cast, as_: SignIn) -> None:
    nora = as_(cast.nora)
    assert "olga" not in nora.get(address("users")).content.decode()
    assert nora.get(address("user", cast.olga)).status_code == 404
    logins = {person.login for person in as_(cast.olga).get(address("users")).context["users"]}
    assert logins == {"nora@north", "gus@north", "ann@north", "rita@north"}


def test_rita_sees_without_buttons(cast: Cast, as_: SignIn) -> None:
    make_user(cast.north, "zoe@north")
    rita = as_(cast.rita)
    for name in ("groups", "extensions", "users"):
        page = rita.get(address(name)).content.decode()
        assert "New " not in page and 'class="line-link"' not in page
        assert f'href="{address(name)}"' in page, "the rail leads there"
