"""Every view belongs to a door, and every door asks who is there: endpoint x method x principal x own or foreign."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver, path, reverse
from django.views import View

from portal.access.isolation import scope
from portal.clients.models import Did, Extension, ExtensionGroup
from portal.dialects.door import Door
from portal.intake.views import IntakeDoor
from portal.web.admin import PortalAdminSite
from portal.web.pages import PageView
from records.models import Record, VoiceMessage
from tests.factories import Cast, make_application, make_call, make_record, make_voicemessage

DOORS = (Door, IntakeDoor, PageView)
# Views that open to anybody, and what they answer.
PUBLIC = {
    "healthz": "the process lives",
    "readyz": "what the process leans on",
    "oauth-token": "asks for an application's own secret",
    "oauth-revoke": "as above",
    "oauth-introspect": "as above",
    "storage-link": "the link is the permission",
    "archive-link": "as above",
    "ringme-schema": "what the API is like; no secret is in it",
    "gws-schema": "as above",
    "vcc-schema": "as above",
    "ringme-explorer": "the page that shows it",
    "ringme-explorer-signed-in": "hands a code to the page that opened it",
}


def all_patterns(resolver: URLResolver, within: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            if entry.app_name != "admin":
                yield from all_patterns(entry, within + str(entry.pattern))
        else:
            yield within + str(entry.pattern), entry


def view_class(entry: URLPattern) -> type | None:
    return getattr(entry.callback, "view_class", None) or getattr(entry.callback, "cls", None)


def without_a_door(resolver: URLResolver) -> list[str]:
    """Addresses whose view is no door's, no public one, and not Django admin's (which has its own wall)."""
    return [
        address
        for address, entry in all_patterns(resolver)
        if entry.name not in PUBLIC and not issubclass(view_class(entry) or object, DOORS)
    ]


def test_every_view_belongs_to_a_door() -> None:
    assert without_a_door(get_resolver()) == []


def test_a_view_without_a_door_is_noticed() -> None:
    class Forgetful(View):
        pass

    from portal import urls

    resolver = URLResolver(get_resolver().pattern, [*urls.urlpatterns, path("leak/", Forgetful.as_view())])
    assert without_a_door(resolver) == ["leak/"]


def test_every_door_names_its_deeds() -> None:
    """A view that names none opens to every principal that reaches it: only these may."""
    silent = {
        view_class(entry).__name__  # type: ignore[union-attr]
        for _, entry in all_patterns(get_resolver())
        if entry.name not in PUBLIC and not getattr(view_class(entry), "deeds", None)
    }
    about_oneself = {
        "SignInPage",
        "SignOutPage",
        "PasswordPage",
        "ChooseClientPage",
        "HomePage",
        "TicketPage",
        "AuthorizePage",
        "ConnectedPage",
        "ConnectedEnd",
    }
    of_operators = {"MailsPage"}  # what they see with no client chosen, and so with no deeds
    assert silent - about_oneself - of_operators - {"NoSuchAddress", "UnknownDoor", "Me"} <= {"FactsDoor", "AudioDoor"}
    assert IntakeDoor.deeds, "the way in names its deed once for all its views"


def test_admin_is_the_portals_own_and_binds() -> None:
    assert isinstance(admin.site, PortalAdminSite)


# ---------------------------------------------------------------- endpoint x principal x own or foreign

PERIOD = "start_datetime=2026-09-01 00:00:00&end_datetime=2026-10-31 23:59:59"
SEEN, NOT_FOUND, FORBIDDEN, SIGN_IN, UNAUTHORIZED = 200, 404, 403, 302, 401


@dataclass
class World:
    """What there is to ask for: North's rows at 101 (Sales) and at 102 (Support), and South's."""

    cast: Cast
    sales: dict[str, Any]
    support: dict[str, Any]
    south: dict[str, Any]


def rows_of(client: Any, extension: Extension, group: ExtensionGroup, user: Any) -> dict[str, Any]:
    call, leg = make_call(client, extension)
    record = make_record(client, leg, b"RIFF sound of " + str(extension.pk).encode())
    message = make_voicemessage(client, extension, b"RIFF message")
    return {
        "call_uuid": call.call_uuid,
        "record": record,
        "message": message,
        "client": client.pk,
        "group": group.pk,
        "extension": extension.pk,
        "user": user.pk,
        "application": make_application(client, f"of-{extension.pk}")[0].pk,
        "did": make_did(client, extension).pk,
    }


def make_did(client: Any, extension: Extension) -> Did:
    with scope(client.pk):
        return Did.objects.create(client=client, number=f"+44207946{extension.pk % 10_000:04}", extension=extension)


@pytest.fixture
def world(cast: Cast) -> World:
    return World(
        cast,
        sales=rows_of(cast.north, cast.ext101, cast.sales, cast.ann),
        support=rows_of(cast.north, cast.ext102, cast.support, cast.rita),
        south=rows_of(cast.south, cast.south101, cast.south_sales, cast.sam),
    )


def page_addresses(of: dict[str, Any]) -> dict[str, str]:
    """Pages about one thing."""
    return {
        "call": reverse("call", args=[of["call_uuid"]]),
        "record-audio": reverse("record-audio", args=[of["record"].uuid]),
        "record-download": reverse("record-download", args=[of["record"].uuid]),
        "voicemessage-audio": reverse("voicemessage-audio", args=[of["message"].uuid]),
        "group": reverse("group", args=[of["group"]]),
        "extension": reverse("extension", args=[of["extension"]]),
        "user": reverse("user", args=[of["user"]]),
        "did": reverse("did", args=[of["did"]]),
        "application": reverse("application", args=[of["application"]]),
    }


HEARD = {"call", "record-audio", "record-download", "voicemessage-audio"}
ADMINISTERED = {"group", "extension", "user", "application", "did"}
LISTS = ("calls", "calls-csv", "voicemessages", "connected")
ADMIN_LISTS = ("groups", "extensions", "dids", "users", "applications", "tokens", "webhooks", "integration")


PEOPLE: dict[str, tuple[set[str], dict[str, int]]] = {
    # login: whose calls are found; what the pages that change groups, extensions and users answer
    "nora@north": ({"sales", "support"}, {"sales": SEEN, "support": SEEN}),
    "rita@north": ({"sales", "support"}, dict.fromkeys(("sales", "support", "south"), FORBIDDEN)),
    "gus@north": ({"sales"}, {}),
    "ann@north": ({"sales"}, {}),
    "sam@south": ({"south"}, {"south": SEEN}),
}


@pytest.mark.django_db
@pytest.mark.parametrize("login", PEOPLE)
def test_a_person_finds_what_is_theirs_and_nothing_else(world: World, login: str) -> None:
    heard, administered = PEOPLE[login]
    browser = Browser()
    browser.post("/sign-in/", {"username": login, "password": "a long enough password"})
    for whose in ("sales", "support", "south"):
        for page, address in page_addresses(getattr(world, whose)).items():
            answer = browser.get(address)
            administration = administered.get(whose, NOT_FOUND)
            wanted = administration if page in ADMINISTERED else SEEN if whose in heard else NOT_FOUND
            assert answer.status_code == wanted, f"{login} asks for {page} of {whose}"
    for name in LISTS:
        assert browser.get(reverse(name)).status_code == SEEN
    for name in ADMIN_LISTS:
        assert browser.get(reverse(name)).status_code == (SEEN if administered else NOT_FOUND), name


@pytest.mark.django_db
def test_a_read_only_administrator_changes_nothing(world: World) -> None:
    browser = Browser()
    browser.post("/sign-in/", {"username": "rita@north", "password": "a long enough password"})
    for name in sorted(ADMINISTERED):
        assert browser.post(reverse(name, args=[world.sales[name]]), {"name": "x"}).status_code == FORBIDDEN, name
        assert browser.post(reverse(f"{name}-new"), {"name": "x"}).status_code == FORBIDDEN, name


@pytest.mark.django_db
def test_a_stranger_is_sent_to_sign_in(world: World) -> None:
    browser = Browser()
    for page, address in page_addresses(world.sales).items():
        answer = browser.get(address)
        assert answer.status_code == SIGN_IN and "/sign-in/" in answer["Location"], page
    for name in (*LISTS, *ADMIN_LISTS, "password-change", "choose-client", "live-ticket"):
        assert browser.get(reverse(name)).status_code == SIGN_IN, name


@pytest.mark.django_db
def test_an_operator_without_a_client_is_asked_to_choose(world: World) -> None:
    browser = Browser()
    browser.post("/sign-in/", {"username": "olga", "password": "a long enough password"})
    answer = browser.get(reverse("calls"))
    assert answer.status_code == SIGN_IN and "/choose-client/" in answer["Location"]
    browser.post(reverse("choose-client"), {"client": world.cast.south.pk})
    assert browser.get(page_addresses(world.south)["call"]).status_code == SEEN
    assert browser.get(page_addresses(world.sales)["call"]).status_code == NOT_FOUND


def api_addresses(of: dict[str, Any]) -> dict[str, str]:
    """The native API about one client's things, in each realm."""
    record: Record = of["record"]
    uuid = f"{record.extension_id}-{record.uuid.hex.upper()}"
    addresses = {}
    for realm, owner in (("client", of["client"]), ("extension_group", of["group"]), ("extension", of["extension"])):
        root = f"/api/ver1.0/{realm}/{owner}/record/"
        addresses[f"{realm} current calls"] = f"/api/ver1.0/{realm}/{owner}/current_calls/"
        addresses[f"{realm} events"] = f"/api/ver1.0/{realm}/{owner}/event/"
        addresses[f"{realm} list"] = f"{root}?{PERIOD}"
        addresses[f"{realm} stats"] = f"{root}stats/?{PERIOD}"
        addresses[f"{realm} file"] = f"{root}{uuid}"
        addresses[f"{realm} storage_url"] = f"{root}{uuid}/storage_url/"
    return addresses


@pytest.mark.django_db(transaction=True)
def test_a_program_reads_its_client_and_no_other(world: World) -> None:
    """A list is streamed in a transaction of its own, so what it reads must be committed."""
    kay = {"HTTP_AUTHORIZATION": f"Bearer {world.cast.kay_token}"}
    south = {"HTTP_AUTHORIZATION": f"Bearer {world.cast.south_token}"}
    for whose, token, wanted in (
        ("sales", kay, SEEN),
        ("support", kay, SEEN),
        ("south", kay, NOT_FOUND),
        ("sales", south, NOT_FOUND),
        ("south", south, SEEN),
        ("sales", {}, UNAUTHORIZED),
        ("sales", {"HTTP_AUTHORIZATION": "Bearer wrong"}, UNAUTHORIZED),
    ):
        for name, address in api_addresses(getattr(world, whose)).items():
            answer = Browser().get(address, **token)
            body = answer.getvalue()  # reads and closes a streamed one
            assert answer.status_code == wanted, f"{name} of {whose}: {body[:200]!r}"
            if wanted == UNAUTHORIZED:
                assert answer.json() == {"message": "Unauthorized"}


@pytest.mark.django_db(transaction=True)
def test_the_way_in_wants_its_own_deed(world: World) -> None:
    fact = {"source": "x", "source_id": "1", "direction": "in", "started_at": "2026-09-28T12:00:00Z"}
    for token, wanted in ((None, UNAUTHORIZED), ("wrong", UNAUTHORIZED), (world.cast.kay_token, FORBIDDEN)):
        headers = {"HTTP_AUTHORIZATION": f"Bearer {token}"} if token else {}
        answer = Browser().post("/intake/v1/calls", fact, content_type="application/json", **headers)
        assert answer.status_code == wanted


@pytest.mark.django_db
def test_unknown_addresses_are_not_found_everywhere(cast: Cast) -> None:
    for address in ("/nothing/", "/api/ver1.0/nothing/", "/intake/v1/nothing", "/operations/nothing/", "/storage/x"):
        assert Browser().get(address).status_code in {NOT_FOUND, SIGN_IN, UNAUTHORIZED}, address
    assert re.search(r"not find|not found|No ", Browser().get("/nothing/").content.decode(), re.I)


@pytest.mark.django_db
def test_no_row_is_left_in_the_wrong_hands(world: World) -> None:
    """The world itself: the doors above are only worth their answers if both sides of the wall have rows."""
    with scope(world.cast.south.pk):
        assert Record.objects.count() == VoiceMessage.objects.count() == 1
    with scope(world.cast.north.pk):
        assert Record.objects.count() == VoiceMessage.objects.count() == 2
