"""The ledger, as an administrator reads it, takes it out and has it verified; and who heard a call."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser
from django.utils import timezone

from portal.access.isolation import scope
from portal.accounts.models import User
from portal.audit import chain, heads, hearing, ledger, tasks
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.audit.models import Entry
from portal.audit.pruning import prune
from records.models import Record
from tests.factories import PASSWORD, Cast, make_call, make_record

pytestmark = pytest.mark.django_db(transaction=True)
As = Callable[[User], Browser]


@pytest.fixture
def record(cast: Cast) -> Record:
    _, leg = make_call(cast.north, cast.ext101)
    made = make_record(cast.north, leg, bytes(4000))
    with scope(cast.north.pk):
        made.media.update(seconds=30.0)
    return made


@pytest.fixture
def noted(cast: Cast, record: Record) -> None:
    with scope(cast.north.pk):
        note(Action.PLAYBACK, cast.principal(cast.nora), ("record", record.uuid))
        note(Action.DOWNLOAD, cast.principal(cast.gus), ("record", uuid.UUID(int=5)))
        note(
            Action.SETTINGS, cast.principal(cast.nora), ("client", cast.north.pk), deed="changed", fields=["trash_days"]
        )
    with scope(cast.south.pk):
        note(Action.SIGN_IN, cast.principal(cast.sam))


def shown(browser: Browser, query: str = "") -> list[tuple[str, str, str]]:
    """(who, label, words) of the rows of a page."""
    response = browser.get(f"/audit/{query}")
    assert response.status_code == 200, response.content.decode()
    return [(entry.who, entry.label, entry.words) for entry in response.context["entries"]]


def test_an_administrator_sees_the_clients_entries_newest_first(cast: Cast, as_: As, noted: None) -> None:
    nora, gus = cast.nora.full_name, cast.gus.full_name
    assert shown(as_(cast.nora)) == [
        (nora, "Settings changed", "changed · trash_days"),
        (gus, "Downloaded", ""),
        (nora, "Played", ""),
    ]
    assert [label for _, label, _ in shown(as_(cast.sam))] == ["Signed in"]


def test_nobody_below_finds_the_page(cast: Cast, as_: As, noted: None) -> None:
    for person in (cast.gus, cast.ann):
        for path in ("/audit/", "/audit.csv"):
            assert as_(person).get(path).status_code == 404
        assert as_(person).post("/audit/verify").status_code == 404


def test_filters_narrow_and_a_wrong_one_is_named(cast: Cast, as_: As, noted: None, record: Record) -> None:
    browser = as_(cast.nora)
    assert [label for _, label, _ in shown(browser, "?action=download")] == ["Downloaded"]
    assert [label for _, label, _ in shown(browser, f"?who=user:{cast.gus.pk}")] == ["Downloaded"]
    assert [label for _, label, _ in shown(browser, f"?target={record.uuid}")] == ["Played"]
    assert shown(browser, "?who=shell") == [] and shown(browser, "?period=yesterday") == []
    for query, name in (("?action=guess", "action"), ("?target=101*", "target"), ("?who=user:0", "who"), ("?x=1", "x")):
        refused = browser.get(f"/audit/{query}")
        assert refused.status_code == 400 and name in refused.content.decode()


def test_pages_are_walked_by_place(cast: Cast, as_: As) -> None:
    with scope(cast.north.pk):
        for number in range(60):
            note(Action.PLAYBACK, cast.principal(cast.nora), number=number)
    browser = as_(cast.nora)
    first = browser.get("/audit/")
    older = browser.get(f"/audit/{first.context['older_url']}")
    numbers = [entry.told["number"] for page in (first, older) for entry in page.context["entries"]]
    assert numbers == list(range(59, -1, -1))


def test_the_export_has_what_the_chain_is_computed_from_and_is_noted(cast: Cast, as_: As, noted: None) -> None:
    chain.link_all(cast.north.pk)
    response = as_(cast.nora).get("/audit.csv?period=all")
    rows = list(csv.DictReader(io.StringIO(response.getvalue().decode())))
    linked = sorted((row for row in rows if row["position"]), key=lambda row: int(row["position"]))
    assert len(linked) == 3 and len(rows) == 4, "the export itself, not linked yet"
    before = chain.genesis(cast.north.pk)
    for row in linked:
        at = datetime.fromisoformat(row["at"])
        told = [
            *(int(row["id"]), cast.north.pk, (at - chain.EPOCH) // chain.MICROSECOND, row["action"]),
            *(row["actor_kind"], int(row["actor_id"]), row["target_kind"], row["target"], row["details"]),
        ]
        before = hashlib.sha256(before + json.dumps(told, separators=(",", ":")).encode()).digest()
        assert before.hex() == row["hash"]
    with scope(cast.north.pk):
        assert Entry.objects.filter(action="audit_export").get().told == {"form": "csv", "what": "entries"}


def test_an_export_longer_than_a_batch_has_every_row_once(cast: Cast, as_: As, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portal.audit.exporting.BATCH", 3)
    with time_machine.travel(timezone.now(), tick=False), scope(cast.north.pk):
        for number in range(7):
            note(Action.PLAYBACK, cast.principal(cast.nora), number=number)
        rows = list(csv.DictReader(io.StringIO(as_(cast.nora).get("/audit.csv").getvalue().decode())))
    assert sorted(row["details"] for row in rows if row["action"] == "playback") == sorted(
        f'{{"number":{number}}}' for number in range(7)
    )


def test_the_head_is_signed_downloaded_and_noted(cast: Cast, as_: As, noted: None) -> None:
    response = as_(cast.nora).post("/audit/head")
    head = heads.read(response.content)
    assert head.position == 3 and head.client_id == cast.north.pk
    assert "attachment" in response["Content-Disposition"]
    with scope(cast.north.pk):
        assert Entry.objects.filter(action="audit_export").get().told == {"what": "head", "position": 3}
    assert "Signed up to entry" in as_(cast.nora).get("/audit/").content.decode()


def test_the_ledger_is_verified_on_the_page(cast: Cast, as_: As, noted: None, owner_sql: Any) -> None:
    browser = as_(cast.nora)
    assert "All 3 entries are as they were written" in browser.post("/audit/verify", follow=True).content.decode()
    owner_sql(
        "alter table audit_entry no force row level security",
        f"update audit_entry set actor_id = 1 where client_id = {cast.north.pk}",  # noqa: S608
        "alter table audit_entry force row level security",
    )
    assert "is not as it was written" in browser.post("/audit/verify", follow=True).content.decode()


def test_the_page_of_a_call_says_who_heard_it_and_which_part(cast: Cast, as_: As, record: Record) -> None:
    with scope(cast.north.pk):
        address = f"/calls/{record.call.call_uuid}/"
    ann = as_(cast.ann)
    ann.get(f"/records/{record.uuid}/audio", headers={"Range": "bytes=1000-1999"}).getvalue()
    ((heard,),) = (as_(cast.nora).get(address).context["heard_by"],)
    assert (heard.who, heard.how, heard.spans, heard.going_on) == (cast.ann.full_name, "Played", [[7.5, 15.0]], True)
    with time_machine.travel(timezone.now() + hearing.QUIET + timedelta(seconds=1)):
        tasks.seal()
    page = as_(cast.nora).get(address)
    ((heard,),) = (page.context["heard_by"],)
    assert (heard.spans, heard.going_on) == ([[7.5, 15.0]], False)
    assert heard.drawn == [{"x": 60.0, "width": 60.0}]
    assert "0:07 to 0:15" in page.content.decode() or "0:08 to 0:15" in page.content.decode()
    assert "Heard by" not in ann.get(address).content.decode(), "it is for administrators"


def test_operators_read_a_clients_ledger_or_the_installations_and_change_none(cast: Cast, as_: As, noted: None) -> None:
    browser = as_(cast.olga)
    listed = browser.get("/operations/audit/entry/").context["cl"].result_list
    assert {entry.client_id for entry in listed} == {cast.north.pk}
    assert browser.get("/operations/audit/entry/add/").status_code == 403
    assert browser.post(f"/operations/audit/entry/{listed[0].pk}/delete/", {"post": "yes"}).status_code == 403
    unbound = Browser()
    unbound.post("/sign-in/", {"username": cast.olga.login, "password": PASSWORD})
    (entry,) = unbound.get("/operations/audit/entry/").context["cl"].result_list
    assert (entry.client_id, entry.action) == (None, "sign_in")


def test_a_ledger_that_was_pruned_says_where_it_begins(cast: Cast, as_: As) -> None:
    with time_machine.travel(timezone.now() - timedelta(days=90)), scope(cast.north.pk):
        note(Action.CONFIG, ledger.portal(cast.north.pk))
    assert "begins behind" not in as_(cast.nora).get("/audit/").content.decode()
    prune(ledger.shell(cast.north.pk), timezone.now() - timedelta(days=60))
    assert "begins behind position 1" in as_(cast.nora).get("/audit/").content.decode()
    told = as_(cast.nora).post("/audit/verify", follow=True).content.decode()
    assert "entries are as they were written" in told
