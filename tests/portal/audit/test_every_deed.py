"""The issue's list against the portal: each deed is done for real, by every way in, and its entry is looked for.

A row says who does it, how, and the entries that are wanted: `action actor target deed`, with `-` for nothing.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from string import Template
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.accounts.models import AccessToken, User
from portal.audit.actions import Action
from portal.audit.models import Entry
from portal.clients.models import Did, ExtensionGroup
from portal.holds.placing import on_number, place
from portal.live.models import Subscription
from records.deletion import trash
from records.deletion.removal import work_off
from records.models import Deletion, Record, Trashed
from tests.factories import PASSWORD, Cast, make_call, make_record, make_token, make_voicemessage
from tests.portal.accounts.oauth_programs import Program, desk, dialler

pytestmark = pytest.mark.django_db
NEW = "correct horse battery"
PERIOD = "start_datetime=2026-09-01+00:00:00&end_datetime=2026-09-30+00:00:00"
PERSON = {"login": "tom@north", "level": "client", "group": "", "extension": "", "timezone": ""}
ADMIN_USER = PERSON | {"email": "", "first_name": "", "last_name": "", "status": "active", "comment": ""}
PROGRAM = {"name": "Wall", "access": "All", "redirect_uris": ""}
HOLD = {"reason": "a case"}
JSON_PERSON = {"name": "Tom", "login": "tom@north", "password": NEW}
WEBHOOK = {"url": "https://hooks.example/calls", "method": "POST", "event_type": "hangup"}
# (who, method, address, what is sent; what is noted of it). An address of the API begins with `api/`.
PAGES: list[tuple[str, str, str, Any, str]] = [
    ("nobody", "POST", "/sign-in/", {"username": "nora@north", "password": PASSWORD}, "sign_in user -"),
    ("nobody", "POST", "/sign-in/", {"username": "nora@north", "password": "no"}, "sign_in_failed nobody user"),
    ("nora", "POST", "/sign-out/", {}, "sign_out user -"),
    ("olga", "POST", "/choose-client/", {"client": "$client"}, "sign_in user client"),
    ("nora", "POST", "/applications/tokens/$token/end/", {}, "token_ended user accesstoken ended"),
    ("nora", "POST", "/applications/tokens/?application=$kay", {}, "token_ended user -"),
    ("nora", "POST", "/applications/$kay/end/", {}, "token_ended user application"),
    ("nora", "POST", "/connected/$kay/end/", {}, "token_ended user application"),
    ("olga", "POST", "/operations/accounts/application/", {"action": "end_tokens", "_selected_action": "$kay"},
     "token_ended user application"),
    ("olga", "POST", "/operations/accounts/accesstoken/$token/delete/", {"post": "yes"},
     "token_ended user accesstoken deleted"),
    # hearing, taking out
    ("ann", "GET", "/records/$record/audio", None, "playback user record"),
    ("ann", "GET", "/voicemessages/$message/audio", None, "playback user voicemessage"),
    ("ann", "GET", "/records/$record/download", None, "download user record"),
    ("kay", "GET", "api/record/$ext-$record_hex", None, "download application record"),
    ("kay", "GET", "api/record/$ext-$record_hex/download/", None, "download application record"),
    ("kay", "GET", "api/voicemail/$ext-$message_hex/download/", None, "download application voicemessage"),
    ("basic", "GET", "api/record/$ext-$record_hex", None, "download user record"),
    ("guesser", "GET", "api/record/$ext-$record_hex", None, "sign_in_failed nobody user"),
    ("kay", "GET", "api/record/$ext-$record_hex/storage_url/", None, "share application record"),
    ("kay", "GET", "api/voicemail/$ext-$message_hex/storage_url/", None, "share application voicemessage"),
    ("nora", "GET", "/calls.csv?period=all", None, "export user -"),
    ("nora", "GET", "/audit.csv?period=all", None, "audit_export user -"),
    ("kay", "GET", "api/audit/", "text/csv", "audit_export application -"),
    # going
    ("nora", "POST", "/records/$record/delete", {}, "deletion user deletion"),
    ("nora", "POST", "/voicemessages/$message/delete", {}, "deletion user deletion"),
    ("kay", "DELETE", "api/record/$ext-$record_hex", None, "deletion application deletion"),
    ("kay", "DELETE", f"api/record/?{PERIOD}", None, "deletion application deletion"),
    ("kay", "DELETE", "api/voicemail/$ext-$message_hex", None, "deletion application deletion"),
    ("kay", "DELETE", f"api/voicemail/?{PERIOD}", None, "deletion application deletion"),
    ("olga", "POST", "/operations/records/record/", {"action": "move_to_trash", "_selected_action": "$record_id"},
     "deletion user deletion"),
    ("nora", "POST", "/trash/$item/restore", {}, "restore user -"),
    ("nora", "POST", "/deletions/$deletion/undo", {}, "restore user -"),
    ("kay", "POST", "api/trash/$deletion/restore/", None, "restore application -"),
    ("olga", "POST", "/operations/records/trashed/", {"action": "restore_items", "_selected_action": "$item"},
     "restore user -"),
    ("nora", "POST", "/trash/$item/remove", {}, "removal user deletion"),
    ("olga", "POST", "/operations/records/trashed/", {"action": "remove_items", "_selected_action": "$item"},
     "removal user deletion"),
    ("nora", "POST", "/person/erase/", {"number": "+15550009999", "shown": "0-0-0-0"}, "erasure user erasure asked"),
    ("kay", "POST", "api/person/erasure/", {"number": "+15550009999"}, "erasure application erasure asked"),
    # holds
    ("nora", "POST", "/holds/new/", HOLD | {"number": "+442079460998"}, "hold_set user hold"),
    ("nora", "POST", "/calls/$call/hold/", HOLD | {"what": "call"}, "hold_set user hold"),
    ("kay", "POST", "api/hold/", HOLD | {"type": "number", "number": "+442079460998"}, "hold_set application hold"),
    ("nora", "POST", "/holds/$hold/", HOLD, "hold_lifted user hold"),
    ("kay", "DELETE", "api/hold/$hold?reason=closed", None, "hold_lifted application hold"),
    ("olga", "POST", "/operations/holds/hold/$hold/change/", {"lift_reason": "closed"},
     "hold_lifted user hold; config user hold changed"),
    # rights
    ("nora", "POST", "/users/new/", PERSON | {"password": NEW}, "rights user user made"),
    ("nora", "POST", "/users/$gus/", PERSON | {"login": "gus@north"}, "rights user user changed"),
    ("nora", "POST", "/users/$gus/password/", {"password": NEW}, "rights user user changed"),
    ("nora", "POST", "/users/$gus/block/", {}, "rights user user blocked"),
    ("nora", "POST", "/users/$blocked/unblock/", {}, "rights user user active"),
    ("nora", "POST", "/password/", {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW},
     "rights user user changed"),
    ("kay", "POST", "api/user/extension/", JSON_PERSON | {"extension_id": "$ext"}, "rights application user made"),
    ("kay", "POST", "api/user/extension_group/", JSON_PERSON | {"extension_group_id": "$sales"},
     "rights application user made"),
    ("kay", "PUT", "api/user/extension/$ann", {"status": "blocked"}, "rights application user changed"),
    ("kay", "DELETE", "api/user/extension_group/$gus", None, "rights application user deleted"),
    ("olga", "POST", "/operations/accounts/user/add/", ADMIN_USER | {"new_password": NEW}, "rights user user made"),
    ("olga", "POST", "/operations/accounts/user/$gus/change/", ADMIN_USER, "rights user user changed"),
    ("olga", "POST", "/operations/accounts/user/$gus/delete/", {"post": "yes"}, "rights user user deleted"),
    ("nora", "POST", "/applications/new/", PROGRAM | {"type": "trusted"}, "rights user application made"),
    ("nora", "POST", "/applications/$kay/", PROGRAM, "rights user application changed"),
    ("nora", "POST", "/applications/$kay/secret/", {}, "rights user application changed"),
    ("nora", "POST", "/applications/$kay/block/", {}, "rights user application blocked"),
    ("nora", "POST", "/applications/$kay/delete/", {}, "rights user application deleted"),
    ("nora", "POST", "$consent", {"decision": "allow"}, "rights user application consented"),
    ("nora", "POST", "/groups/new/", {"name": "Third"}, "rights user extensiongroup made"),
    ("nora", "POST", "/groups/$empty/", {"name": "Third"}, "rights user extensiongroup changed"),
    ("nora", "POST", "/groups/$empty/delete/", {}, "rights user extensiongroup deleted"),
    ("kay", "POST", "api/extension_group/", {"name": "Third"}, "rights application extensiongroup made"),
    ("kay", "PUT", "api/extension_group/$empty", {"name": "Third"}, "rights application extensiongroup changed"),
    ("kay", "DELETE", "api/extension_group/$empty", None, "rights application extensiongroup deleted"),
    ("olga", "POST", "/operations/clients/extensiongroup/$empty/change/", {"name": "Third", "extra_params": ""},
     "rights user extensiongroup changed"),
    ("olga", "POST", "/operations/records/record/", {"action": "end_storage_links", "_selected_action": "$record_id"},
     "rights user - links_ended"),
    # settings and what a client consists of
    ("kay", "PUT", "api/", {"name": "Northern"}, "settings application client changed"),
    ("olga", "POST", "/operations/clients/client/$client/change/",
     {"name": "Northern", "slug": "north", "prefix": "north", "domain": "north.example", "timezone": "UTC",
      "status": "active", "link_generation": "1"}, "settings user client changed"),
    ("nora", "POST", "/extensions/new/", {"number": "103", "type": "phone"}, "config user extension made"),
    ("nora", "POST", "/extensions/$ext/", {"name": "Ann", "type": "phone", "status": "active"},
     "config user extension changed"),
    ("nora", "POST", "/extensions/$ext/retire/", {}, "config user extension retired"),
    ("kay", "POST", "api/extension/", {"name": "103"}, "config application extension made"),
    ("kay", "PUT", "api/extension/$ext", {"label": "desk"}, "config application extension changed"),
    ("kay", "DELETE", "api/extension/$ext", None, "config application extension deleted"),
    ("olga", "POST", "/operations/clients/extension/$ext/change/",
     {"number": "101", "name": "Ann", "type": "phone", "status": "retired"}, "config user extension changed"),
    ("nora", "POST", "/numbers/new/", {"number": "+442079460002"}, "config user did made"),
    ("nora", "POST", "/numbers/$did/", {"number": "+442079460002"}, "config user did changed"),
    ("nora", "POST", "/numbers/$did/delete/", {}, "config user did deleted"),
    ("kay", "POST", "api/did/", {"name": "+442079460002"}, "config application did made"),
    ("kay", "DELETE", "api/did/$did", None, "config application did deleted"),
    ("nora", "POST", "/webhooks/new/", {"url": "https://hooks.example/x", "method": "POST", "moment": "ended"},
     "config user subscription made"),
    ("nora", "POST", "/webhooks/$webhook/delete/", {}, "config user subscription deleted"),
    ("kay", "POST", "api/event/", WEBHOOK, "config application subscription made"),
    ("kay", "PUT", "api/event/$webhook", {"event_type": "answer"}, "config application subscription changed"),
    ("kay", "DELETE", "api/event/$webhook", None, "config application subscription deleted"),
]  # fmt: skip
# Noted by others' hands, each in the test that is named; everything else is in the tables here.
ELSEWHERE = {
    Action.HEARD: "test_hearing",
    Action.AUDIT_PRUNED: "test_pruning",
    Action.ARCHIVE: "tests of archives",
    Action.ARCHIVE_READY: "tests of archives",
    Action.ARCHIVE_DOWNLOAD: "tests of archives",
    Action.ARCHIVE_CANCELLED: "tests of archives",
    Action.RETENTION: "tests of retention",
}


@dataclass
class House:
    """North with one of everything, and who does things in it."""

    cast: Cast
    browsers: dict[str, Browser]
    names: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        return Template(text).substitute(self.names)

    def filled(self, said: Any) -> Any:
        if isinstance(said, dict):
            return {name: self.filled(value) for name, value in said.items()}
        return self.fill(said) if isinstance(said, str) else said

    def ask(self, who: str, method: str, address: str, said: Any) -> Any:
        path, browser = self.fill(address), self.browsers[who]
        path = path.replace("api/", "/api/ver1.0/client/@me/", 1) if path.startswith("api/") else path
        more = {"headers": {"Accept": said}} if isinstance(said, str) else {}
        if isinstance(said, dict) and who == "kay":
            return browser.generic(method, path, json.dumps(self.filled(said)), content_type="application/json")
        if method == "POST":
            return browser.post(path, self.filled(said or {}))
        return browser.generic(method, path, **more)

    def entries(self, after: int = 0) -> list[str]:
        with scope(self.cast.north.pk):
            rows = list(Entry.objects.filter(id__gt=after).order_by("id"))
        return [
            " ".join(filter(None, (row.action, row.actor_kind, row.target_kind or "-", row.told.get("deed", ""))))
            for row in rows
        ]


def basic(password: str) -> Browser:
    pair = base64.b64encode(f"nora@north:{password}".encode()).decode()
    return Browser(headers={"Authorization": f"Basic {pair}"})


@pytest.fixture
def house(cast: Cast, as_: Callable[[User], Browser], resolve: Callable[..., None]) -> House:
    resolve("hooks.example", "93.184.216.34")
    call, leg = make_call(cast.north, cast.ext101)
    record, message = make_record(cast.north, leg, b"a sound"), make_voicemessage(cast.north, cast.ext101, b"words")
    _, gone = make_call(cast.north, cast.ext101)
    token = make_token(cast.kay, user=cast.nora)
    who = whole_client(cast.north.pk)
    with scope(cast.north.pk):
        deleted = trash(Record.objects.filter(pk=make_record(cast.north, gone, b"gone").pk), who, Deletion.Via.API)
        assert deleted is not None
        told = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": "https://hooks.example/calls"}
        things = {
            "item": Trashed.objects.get(),
            "deletion": deleted,
            "empty": ExtensionGroup.objects.create(client=cast.north, name="Empty"),
            "did": Did.objects.create(client=cast.north, number="+442079460001"),
            "hold": place(on_number("+442079460999"), who, "a case"),
            "webhook": Subscription.objects.create(client=cast.north, **told),
            "token": AccessToken.objects.get(user=cast.nora),
            "blocked": User.objects.create(client=cast.north, login="bob@north", level="client", status="blocked"),
        }
    assert token
    people = {name: getattr(cast, name) for name in ("nora", "gus", "ann", "kay", "sales")}
    names = {name: str(thing.pk) for name, thing in (things | people).items()}
    names |= {"client": str(cast.north.pk), "ext": str(cast.ext101.pk), "record_id": str(record.pk)}
    names |= {"record": str(record.uuid), "record_hex": record.uuid.hex, "call": str(call.call_uuid)}
    names |= {"message": str(message.uuid), "message_hex": message.uuid.hex}
    names |= {"consent": desk(cast.north).asking().replace("$", "$$")}
    browsers = {name: as_(getattr(cast, name)) for name in ("nora", "ann", "olga")}
    browsers |= {"nobody": Browser(), "kay": Browser(headers={"Authorization": f"Bearer {cast.kay_token}"})}
    browsers |= {"basic": basic(PASSWORD), "guesser": basic("wrong")}
    return House(cast, browsers, names)


@contextmanager
def taken_back() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_every_deed_on_a_page_by_the_api_and_in_operations_is_noted(
    house: House, as_: Callable[[User], Browser]
) -> None:
    wrong = []
    for who, method, address, said, wanted in PAGES:
        with taken_back():
            if who == "nora":
                house.browsers["nora"] = as_(house.cast.nora)  # one of them signs out
            before = last_entry(house)
            answer = house.ask(who, method, address, said)
            _ = answer.getvalue()  # a body that is streamed is read to its end
            noted = house.entries(before)
        if noted != wanted.split("; "):
            wrong.append(f"{who} {method} {address} ({answer.status_code}): {noted}, wanted {wanted}")
    assert not wrong, "\n".join(wrong)


def last_entry(house: House) -> int:
    with scope(house.cast.north.pk):
        return Entry.objects.order_by("-id").values_list("id", flat=True).first() or 0


def test_tokens_by_every_grant_and_how_they_end(house: House, as_: Callable[[User], Browser]) -> None:
    cast = house.cast
    kay, people, window = Program(cast.kay, cast.kay_secret), dialler(cast.north), desk(cast.north)
    code = window.code(as_(cast.nora))
    pair = people.token("password", username="nora@north", password=PASSWORD).json()
    deeds: list[tuple[Callable[[], Any], str]] = [
        (lambda: kay.token("client_credentials"), "token_issued application -"),
        (lambda: people.token("password", username="nora@north", password=PASSWORD), "token_issued application user"),
        (lambda: window.exchange(code), "token_issued application user"),
        (lambda: people.refresh(pair["refresh_token"]), "token_issued application user"),
        (lambda: people.refresh(pair["refresh_token"]), "token_ended application -"),  # used again: all of it ends
        (lambda: people.token("password", username="nora@north", password="no"), "sign_in_failed nobody user"),
        (lambda: Program(cast.kay, "guess").token("client_credentials"), "sign_in_failed nobody application"),
        (lambda: kay.post("/oauth/revoke_token/", token=cast.kay_token), "token_ended application -"),
    ]
    for ask, wanted in deeds:
        before = last_entry(house)
        ask()
        assert house.entries(before) == [wanted], wanted


def test_links_are_used_by_whoever_holds_one(house: House) -> None:
    url = house.ask("kay", "GET", "api/record/$ext-$record_hex/storage_url/", None).json()["record_url"]
    before = last_entry(house)
    assert Browser().get("/storage/" + url.rpartition("/")[2]).getvalue()
    assert house.entries(before) == ["share_used link record"]


def test_workers_note_what_they_remove(house: House) -> None:
    with scope(house.cast.north.pk):
        Deletion.objects.update(due_at=timezone.now())
    before = last_entry(house)
    work_off(house.cast.north.pk)
    assert house.entries(before) == ["removal portal -"]


COMMANDS: list[tuple[list[str], str]] = [
    (["client_settings", "--client", "north", "trash_days=3"], "settings shell client changed"),
    (["create_group", "--client", "north", "--name", "Third"], "rights shell extensiongroup made"),
    (["create_extension", "--client", "north", "--number", "103"], "config shell extension made"),
    (["create_user", "--login", "tom@north", "--password", NEW, "--client", "north"], "rights shell user made"),
    (["create_application", "--client", "north", "--type", "trusted", "--name", "X"], "rights shell application made"),
    (["create_token", "--user", "nora@north", "--dialect", "intake"], "rights shell doortoken made"),
    (["audit_head", "--client", "north"], "audit_export shell -"),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("command", "wanted"), COMMANDS, ids=lambda value: value[0] if isinstance(value, list) else "")
def test_every_command_that_changes_or_takes_out_something_is_noted(
    house: House, command: list[str], wanted: str, capsys: Any
) -> None:
    before = last_entry(house)
    call_command(*command)
    assert house.entries(before) == [wanted]


def test_a_new_client_begins_its_ledger_with_itself(db: None, capsys: Any) -> None:
    call_command("create_client", "--name", "East")
    made = json.loads(capsys.readouterr().out)["client_id"]
    with scope(made):
        (entry,) = Entry.objects.all()
    assert (entry.action, entry.actor_kind, entry.target, entry.told) == (
        *("settings", "shell", str(made)),
        {"deed": "made"},
    )


def test_no_word_of_the_ledger_is_without_its_deed() -> None:
    told = " ".join(wanted for *_, wanted in PAGES) + " ".join(wanted for _, wanted in COMMANDS)
    here = {word for word in told.replace(";", " ").split() if word in Action.values}
    here |= {"token_issued", "share_used"}  # the two tests above
    assert here | set(ELSEWHERE) == set(Action.values)
    assert not here & set(ELSEWHERE)
