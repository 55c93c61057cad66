"""People sign in, change their password, and operators choose a client."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from portal.access.isolation import scope
from portal.accounts import lookups
from portal.accounts.models import Status, User
from portal.clients.models import Client, ExtensionGroup
from records.models import Record
from tests.factories import PASSWORD, Cast, make_call, make_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_is_locked_out() -> Any:
    cache.clear()
    yield
    cache.clear()


def sign_in(browser: Browser, login: str, password: str = PASSWORD, **more: str) -> Any:
    return browser.post("/sign-in/", {"username": login, "password": password, **more})


def reload(user: User) -> User:
    with scope(user.client_id, operator=user.is_operator):
        return User.objects.get(pk=user.pk)


def test_nora_signs_in_with_any_case_and_goes_on_where_she_wanted(cast: Cast, client: Browser) -> None:
    answer = sign_in(client, "Nora@North", next="/password/")
    assert answer.status_code == 302 and answer["Location"] == "/password/"
    assert client.get("/password/").status_code == 200
    assert reload(cast.nora).last_login is not None


def test_a_next_page_elsewhere_is_not_followed(cast: Cast, client: Browser) -> None:
    assert not sign_in(client, "nora@north", next="https://evil.example/")["Location"].startswith("https:")


@pytest.mark.parametrize(("login", "password"), [("nora@north", "wrong"), ("nobody", PASSWORD), ("nora@north", "")])
def test_wrong_pairs_get_one_answer(cast: Cast, client: Browser, login: str, password: str) -> None:
    answer = sign_in(client, login, password)
    assert answer.status_code == 422
    assert client.get("/password/").status_code == 302


def test_a_blocked_user_is_out_at_once(cast: Cast, client: Browser) -> None:
    sign_in(client, "nora@north")
    with scope(cast.north.pk):
        User.objects.filter(pk=cast.nora.pk).update(status=Status.BLOCKED)
    assert client.get("/password/").status_code == 302
    assert sign_in(client, "nora@north").status_code == 422


@pytest.fixture
def north_is_blocked(cast: Cast) -> None:
    with scope(cast.north.pk):
        Client.objects.update(status=Status.BLOCKED)


def test_people_of_a_blocked_client_do_not_sign_in(cast: Cast, client: Browser, north_is_blocked: None) -> None:
    for login in ("nora@north", "gus@north", "ann@north"):
        assert sign_in(client, login).status_code == 422
    assert sign_in(Browser(), "sam@south").status_code == 302
    assert sign_in(Browser(), "olga").status_code == 302
    assert lookups.user_by_login("nora@north") == cast.nora, "the login stays taken"


def test_sessions_end_with_the_next_request_when_a_client_is_blocked(cast: Cast, client: Browser) -> None:
    sign_in(client, "ann@north")
    with scope(cast.north.pk):
        Client.objects.update(status=Status.BLOCKED)
    assert client.get("/calls/").status_code == 302
    assert client.get("/live/ticket").status_code == 302
    with scope(cast.north.pk):
        Client.objects.update(status=Status.ACTIVE)
    assert sign_in(client, "ann@north").status_code == 302


def test_all_spellings_of_a_login_share_one_count(cast: Cast, client: Browser) -> None:
    spellings = ["nora@north", "Nora@North", " nora@north", "NORA@north "] * 3
    codes = [sign_in(client, login, "guess").status_code for login in spellings]
    assert codes[-1] == 429 and sign_in(client, "nORA@north").status_code == 429


def test_an_address_that_guesses_is_paused_and_other_logins_are_not(cast: Cast, client: Browser) -> None:
    codes = [sign_in(client, "nora@north", f"guess {number}").status_code for number in range(10)]
    assert codes[-1] == 429
    assert sign_in(client, "nora@north").status_code == 429
    assert sign_in(client, "gus@north").status_code == 302
    elsewhere = Browser(REMOTE_ADDR="203.0.113.9")
    assert sign_in(elsewhere, "nora@north").status_code == 302, "the login itself is never locked"


def test_ann_changes_her_password(cast: Cast, client: Browser) -> None:
    other = Browser()
    for browser in (client, other):
        sign_in(browser, "ann@north")
    fields = {"old_password": PASSWORD, "new_password1": "another long one", "new_password2": "another long one"}
    assert client.post("/password/", fields).status_code == 302
    assert client.get("/password/").status_code == 200, "this browser stays signed in"
    assert other.get("/password/").status_code == 302, "others are signed out"
    assert sign_in(Browser(), "ann@north", "another long one").status_code == 302


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        (
            "old_password",
            {"old_password": "no", "new_password1": "another long one", "new_password2": "another long one"},
        ),
        ("new_password1", {"old_password": PASSWORD, "new_password1": "short", "new_password2": "short"}),
        ("new_password2", {"old_password": PASSWORD, "new_password1": "another long one", "new_password2": "other"}),
    ],
)
def test_a_wrong_password_form_names_the_field(cast: Cast, client: Browser, field: str, fields: dict[str, str]) -> None:
    sign_in(client, "ann@north")
    answer = client.post("/password/", fields)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert sign_in(Browser(), "ann@north").status_code == 302


def test_sign_out_needs_a_post_and_ends_the_session(cast: Cast, client: Browser) -> None:
    sign_in(client, "nora@north")
    assert client.get("/sign-out/").status_code == 405
    client.post("/sign-out/")
    assert client.get("/password/").status_code == 302


def test_an_operator_works_in_one_client_at_a_time(cast: Cast, client: Browser) -> None:
    sign_in(client, "olga")
    page = client.get("/choose-client/").content.decode()
    assert "North" in page and "South" in page
    listing = "/operations/clients/extensiongroup/"
    assert client.get(listing).context["cl"].result_count == 0, "no client chosen: nothing is there"
    client.post("/choose-client/", {"client": cast.north.pk})
    names = {group.name for group in client.get(listing).context["cl"].result_list}
    assert names == {"Sales", "Support"}
    client.post(listing + "add/", {"name": "Returns"})
    with scope(cast.north.pk):
        assert ExtensionGroup.objects.filter(name="Returns").exists()
    with scope(cast.south.pk):
        foreign = ExtensionGroup.objects.get().pk
    assert client.get(f"{listing}{foreign}/change/").status_code == 302, "admin says: does not exist"


def test_only_operators_enter_operations_and_choose(cast: Cast, client: Browser) -> None:
    sign_in(client, "nora@north")
    assert client.get("/operations/").status_code == 302
    assert client.get("/choose-client/").status_code == 404
    assert client.post("/choose-client/", {"client": cast.south.pk}).status_code == 404


@pytest.mark.parametrize(
    "page",
    [
        *("clients/client", "clients/extension", "clients/extensiongroup", "accounts/user", "accounts/application"),
        *("cdrs/call", "cdrs/leg", "records/record", "records/voicemessage", "records/mediafile"),
        *("intake/rawfact", "intake/quarantinedmedia", "intake/importrun"),
    ],
)
def test_each_list_of_operations_opens(cast: Cast, client: Browser, page: str) -> None:
    sign_in(client, "olga")
    client.post("/choose-client/", {"client": cast.north.pk})
    assert client.get(f"/operations/{page}/").status_code == 200


def test_an_operator_makes_a_client_and_an_application(cast: Cast, client: Browser) -> None:
    sign_in(client, "olga")
    fields = {"name": "East", "slug": "east", "prefix": "east", "domain": "east.example", "timezone": "Asia/Tokyo"}
    answer = client.post("/operations/clients/client/add/", fields | {"status": "active", "link_generation": 1})
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    client.post("/choose-client/", {"client": cast.north.pk})
    fields = {"name": "Robot", "type": "trusted", "access": "All", "status": "active"}
    answer = client.post("/operations/accounts/application/add/", fields, follow=True)
    assert "client_secret" in answer.content.decode()


def test_an_operator_ends_the_storage_links_of_a_recording(cast: Cast, client: Browser) -> None:
    _, leg = make_call(cast.north, cast.ext101)
    record = make_record(cast.north, leg, b"RIFF")
    sign_in(client, "olga")
    client.post("/choose-client/", {"client": cast.north.pk})
    chosen = {"action": "end_storage_links", "_selected_action": [record.pk]}
    answer = client.post("/operations/records/record/", chosen, follow=True)
    assert "storage links of 1 are ended" in answer.content.decode()
    with scope(cast.north.pk):
        assert Record.objects.get().generation == 2


def test_an_operator_makes_a_supervisor_who_needs_a_group(cast: Cast, client: Browser) -> None:
    sign_in(client, "olga")
    client.post("/choose-client/", {"client": cast.north.pk})
    fields = {"login": "Nina@North", "level": "extension_group", "status": "active", "new_password": PASSWORD}
    answer = client.post("/operations/accounts/user/add/", fields)
    assert "group" in answer.context["adminform"].form.errors
    assert client.post("/operations/accounts/user/add/", fields | {"group": cast.sales.pk}).status_code == 302
    assert sign_in(Browser(), "nina@north").status_code == 302
    answer = client.post("/operations/accounts/user/add/", fields | {"login": "sam@south", "group": cast.sales.pk})
    assert "login" in answer.context["adminform"].form.errors, "taken by another client"
