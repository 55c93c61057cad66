"""Applications and their tokens, as administrators and everybody else see and end them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from portal.access.isolation import scope
from portal.accounts import tokens
from portal.accounts.models import AccessToken, Application, Grant, RefreshToken, User, checksum
from portal.accounts.tasks import clear_tokens
from tests.factories import PASSWORD, Cast, make_token
from tests.portal.accounts.oauth_programs import Program, desk, dialler, granted, me, refused
from tests.portal.accounts.test_grants import everything_kept

pytestmark = pytest.mark.django_db
SignIn = Callable[[User], Browser]
FIELDS = {"name": "Billing", "type": "trusted", "access": "All", "scopes": ["cdr:read", "record:read"]}


@pytest.fixture
def nora(cast: Cast, as_: SignIn) -> Browser:
    return as_(cast.nora)


def text_of(answer: Any) -> str:
    assert answer.status_code == 200, answer.content[:300]
    return str(answer.content.decode())


def shown_secret(answer: Any) -> str:
    page = text_of(answer)
    assert answer["Cache-Control"] == "no-store" and "never again" in page
    return page.partition('id="id_client_secret" readonly value="')[2].partition('"')[0]


def the(cast: Cast, name: str) -> Application:
    with scope(cast.north.pk):
        return Application.objects.get(name=name)


def pair(program: Program, login: str = "nora@north") -> dict[str, Any]:
    return granted(program.token("password", username=login, password=PASSWORD))


def test_nora_makes_an_application_and_its_secret_works(cast: Cast, nora: Browser) -> None:
    secret = shown_secret(nora.post(reverse("application-new"), FIELDS))
    application = the(cast, "Billing")
    assert (application.tenant_id, application.scopes) == (cast.north.pk, "cdr:read record:read")
    granted(Program(application, secret).token("client_credentials"))
    assert secret not in everything_kept(cast.north.pk), "also not for the next page"
    assert secret not in text_of(nora.get(reverse("application", args=[application.pk])))


def test_a_program_that_people_let_in_has_no_secret_and_a_way_back(cast: Cast, nora: Browser) -> None:
    fields = FIELDS | {"name": "Phone", "type": "public", "group": cast.sales.pk}
    answer = nora.post(reverse("application-new"), fields)
    assert answer.status_code == 422 and "come back to is needed" in answer.content.decode()
    for uri in ("http://phone.example/cb", "javascript:alert(1)", "https://phone.example/#x"):
        assert nora.post(reverse("application-new"), fields | {"redirect_uris": uri}).status_code == 422, uri
    told = fields | {"redirect_uris": "https://phone.example/cb\nhttp://127.0.0.1/cb"}
    page = text_of(nora.post(reverse("application-new"), told))
    assert "client_id" in page and "client_secret" not in page
    made = the(cast, "Phone")
    assert made.redirect_uris == "https://phone.example/cb http://127.0.0.1/cb" and made.group_id == cast.sales.pk
    assert nora.post(reverse("application-secret", args=[made.pk])).status_code == 404


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"name": ""}, "required"),
        ({"scopes": ["no:such"]}, "not one of the available choices"),
        ({"type": "master"}, "not one of the available choices"),
        ({"extension": "999"}, "no such extension"),
        ({"group": "", "extension": "101", "hourly_limit": "-1"}, "greater than or equal to 0"),
        ({"hourly_limit": "9" * 20}, "less than or equal to"),
    ],
)
def test_what_no_application_can_be_is_said_at_its_field(
    cast: Cast, nora: Browser, more: dict[str, Any], says: str
) -> None:
    answer = nora.post(reverse("application-new"), FIELDS | more)
    assert answer.status_code == 422 and says in answer.content.decode()


def test_it_sees_a_group_or_an_extension_but_not_both_nor_anothers(cast: Cast, nora: Browser) -> None:
    both = FIELDS | {"group": cast.sales.pk, "extension": "101"}
    assert "Either a group or an extension" in nora.post(reverse("application-new"), both).content.decode()
    assert nora.post(reverse("application-new"), FIELDS | {"group": cast.south_sales.pk}).status_code == 422


def test_nora_changes_what_it_may_do_and_it_holds_at_once(cast: Cast, nora: Browser) -> None:
    address = reverse("application", args=[cast.kay.pk])
    assert "Application Kay" in text_of(nora.get(address))
    assert nora.post(address, {"name": "Kay", "access": "All", "extension": "101"}).status_code == 302
    assert me(cast.kay_token).json()["extension_id"] == cast.ext101.pk
    kay = the(cast, "Kay")
    assert kay.client_id == cast.kay.client_id and kay.type == "trusted", "what it is stays"


def test_a_new_secret_ends_the_old_one(cast: Cast, nora: Browser) -> None:
    secret = shown_secret(nora.post(reverse("application-secret", args=[cast.kay.pk])))
    refused(Program(cast.kay, cast.kay_secret).token("client_credentials"), "invalid_client")
    granted(Program(cast.kay, secret).token("client_credentials"))
    assert me(cast.kay_token).status_code == 200


@pytest.mark.clause("ringme", "Revoking and blocking hold at once, caches notwithstanding")
def test_blocking_unblocking_ending_and_deleting(cast: Cast, nora: Browser) -> None:
    def post(name: str) -> None:
        assert nora.post(reverse(f"application-{name}", args=[cast.kay.pk])).status_code == 302

    assert me(cast.kay_token).status_code == 200
    post("block")
    assert me(cast.kay_token).json()["status"] == "user_blocked"
    assert "Unblock Kay" in text_of(nora.get(reverse("application", args=[cast.kay.pk])))
    post("unblock")
    assert me(cast.kay_token).status_code == 200
    post("end")
    assert me(cast.kay_token).status_code == 401
    granted(Program(cast.kay, cast.kay_secret).token("client_credentials"))
    post("delete")
    with scope(cast.north.pk):
        assert not Application.objects.exists() and not AccessToken.objects.exists()


DEEDS = ("secret", "block", "unblock", "end", "delete")


def test_who_may_not_does_not(cast: Cast, as_: SignIn) -> None:
    with scope(cast.north.pk):
        token = AccessToken.objects.get(application=cast.kay)
    addresses = [reverse(f"application-{deed}", args=[cast.kay.pk]) for deed in DEEDS]
    addresses += [reverse("token-end", args=[token.pk]), f"{reverse('tokens')}?application={cast.kay.pk}"]
    for person, code in ((cast.rita, 403), (cast.gus, 404), (cast.ann, 404), (cast.sam, 404)):
        browser = as_(person)
        assert {browser.post(address).status_code for address in addresses} == {code}, person
        assert browser.post(reverse("application", args=[cast.kay.pk]), FIELDS).status_code == code
    assert "New application" not in text_of(as_(cast.rita).get(reverse("applications")))
    assert me(cast.kay_token).status_code == 200


# ---------------------------------------------------------------- tokens


def test_the_list_says_whose_what_for_and_until_when(cast: Cast, nora: Browser) -> None:
    program = dialler(cast.north)
    pair(program, "ann@north")
    page = text_of(nora.get(reverse("tokens")))
    assert all(words in page for words in ("Kay", "itself", "Dialler", "ann@north", "End")) and "Southern" not in page
    page = text_of(nora.get(reverse("tokens"), {"user": cast.ann.pk}))
    assert "Dialler" in page and "Kay" not in page and "End 1 token" in page
    for of in ({"user": cast.sam.pk}, {"application": "x"}, {"application": "9" * 30}, {"user": "1\x00"}):
        assert nora.get(reverse("tokens"), of).status_code == 404


def test_nora_ends_one_token_and_all_of_ann(cast: Cast, nora: Browser) -> None:
    program = dialler(cast.north)
    first, second, noras = pair(program, "ann@north"), pair(program, "ann@north"), pair(program)
    with scope(cast.north.pk):
        row = AccessToken.objects.filter(user=cast.ann).order_by("pk").first()
    assert row is not None
    back = nora.post(f"{reverse('token-end', args=[row.pk])}?user={cast.ann.pk}")
    assert back["Location"] == f"{reverse('tokens')}?user={cast.ann.pk}"
    assert [me(body["access_token"]).status_code for body in (first, second)] == [401, 200]
    refused(program.refresh(first["refresh_token"]), "invalid_grant")
    assert nora.post(reverse("token-end", args=[row.pk])).status_code == 404
    assert nora.post(f"{reverse('tokens')}?user={cast.ann.pk}").status_code == 302
    assert me(second["access_token"]).status_code == 401 and me(noras["access_token"]).status_code == 200
    assert nora.post(reverse("tokens")).status_code == 404, "all of everybody is no button"


def test_a_code_that_was_not_used_yet_ends_too(cast: Cast, nora: Browser) -> None:
    program = desk(cast.north)
    code = program.code(nora)
    nora.post(reverse("application-end", args=[program.application.pk]))
    with scope(cast.north.pk):
        assert not Grant.objects.exists()
    refused(program.exchange(code), "invalid_grant")


def test_ann_sees_who_acts_for_her_and_ends_it(cast: Cast, as_: SignIn) -> None:
    program, ann = dialler(cast.north), as_(cast.ann)
    bodies, noras = [pair(program, "ann@north") for _ in range(2)], pair(program)
    page = text_of(ann.get(reverse("connected")))
    assert page.count("End access of Dialler") == 1 and "Kay" not in page
    assert ann.post(reverse("connected-end", args=[cast.kay.pk])).status_code == 404
    assert ann.post(reverse("connected-end", args=[program.application.pk])).status_code == 302
    assert {me(body["access_token"]).status_code for body in bodies} == {401}
    assert me(noras["access_token"]).status_code == 200
    assert "No application acts in your name" in text_of(ann.get(reverse("connected")))


def test_the_last_use_is_kept_but_not_of_every_request(cast: Cast) -> None:
    def used() -> Any:
        with scope(cast.north.pk):
            return AccessToken.objects.get(application=cast.kay).used_at

    assert used() is None
    me(cast.kay_token)
    first = used()
    assert timezone.now() - first < timedelta(minutes=1)
    me(cast.kay_token)
    assert used() == first
    tokens._noted.clear()  # as another process, or this one later
    me(cast.kay_token)
    assert used() == first, "to ten minutes"
    with scope(cast.north.pk):
        AccessToken.objects.update(used_at=first - timedelta(minutes=11))
    tokens._noted.clear()
    me(cast.kay_token)
    assert used() > first - timedelta(minutes=1)


@pytest.mark.django_db(transaction=True)
def test_what_ran_out_long_ago_is_forgotten(cast: Cast) -> None:
    """Client by client: the scheduler is bound to none."""
    program = dialler(cast.north)
    old, used = pair(program), pair(program)
    pair(program, "ann@north")
    granted(program.refresh(used["refresh_token"]))
    make_token(cast.kay, seconds=-60)
    with scope(cast.north.pk):
        Grant.objects.create(
            application=program.application, user=cast.nora, code="x", expires=timezone.now(), redirect_uri="x"
        )
        mine = AccessToken.objects.filter(token_checksum=checksum(old["access_token"]))
        assert mine.update(expires=timezone.now() - timedelta(days=31)) == 1
    clear_tokens()
    with scope(cast.north.pk):
        assert not Grant.objects.exists()
        assert AccessToken.objects.filter(user=None).count() == 1, "Kay's that holds"
        assert AccessToken.objects.exclude(user=None).count() == 2
        assert RefreshToken.objects.count() == 3, "the used one is known for what it is"
    refused(program.refresh(used["refresh_token"]), "invalid_grant")


def test_an_operator_reads_and_ends_tokens_in_operations(cast: Cast, as_: SignIn) -> None:
    program, olga = dialler(cast.north), as_(cast.olga)
    body = pair(program)
    pages = "/operations/accounts/accesstoken/"
    page = text_of(olga.get(pages))
    assert "Dialler" in page and "Kay" in page and body["access_token"] not in page
    assert olga.get(f"{pages}add/").status_code == 403
    with scope(cast.north.pk):
        row = AccessToken.objects.get(user=cast.nora)
    assert "nora@north" in text_of(olga.get(f"{pages}{row.pk}/change/"))
    assert olga.post(f"{pages}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    refused(program.refresh(body["refresh_token"]), "invalid_grant")
    chosen = {"action": "end_tokens", "_selected_action": [cast.kay.pk]}
    assert olga.post("/operations/accounts/application/", chosen).status_code == 302
    assert me(cast.kay_token).status_code == 401
    with scope(cast.south.pk):
        assert AccessToken.objects.exists()
