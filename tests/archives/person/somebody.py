"""Somebody outside who called North, was called and put through, left messages, and wants it all to be forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from archives.models import Archive, ArchiveMember
from archives.models import State as ArchiveState
from archives.person.finding import Person
from archives.person.models import Erasure
from archives.person.spelling import pattern
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.audit import ledger
from portal.audit.actions import Action
from portal.clients.models import Client
from portal.holds.placing import lift, on_number, place
from portal.intake.accept import accept
from portal.intake.models import ImportRun, QuarantinedMedia
from portal.live.models import Delivery, Subscription
from portal.media.keys import new_key
from records.deletion import trash
from records.ingest.kinds import RECORDING, VOICEMESSAGE
from records.ingest.settling import settling
from records.models import Capture, Deletion, Record, VoiceMessage
from tests.factories import NOON, Cast, attach_file
from tests.facts import call, event, leg, recording, voicemessage

MESSAGES = VoiceMessage.objects
NUMBER, OTHER = "+44 20 7946 0123", "+44 20 7946 0777"
PLAIN, OTHERS_PLAIN = "3210649702" + "44", "7770649702" + "44"
SPELLED = {"number": "+442079460123", "name": "Jo Field"}
SOMEBODY_ELSE = {"number": "+442079460777"}


def told(client: Client, kind: str, *lines: dict[str, Any] | bytes) -> None:
    results = accept(client.pk, kind, list(lines))
    assert {str(result.status) for result in results} <= {"created", "updated", "rejected"}, results


@dataclass
class Somebody:
    """What is of the number begins with its own letter: `c1`, `r1`, `v1`; what is others' with an `o`: `o1`, `ro1`."""

    cast: Cast

    @property
    def client(self) -> Client:
        return self.cast.north

    @property
    def person(self) -> Person:
        return Person.of(self.client.pk, NUMBER)

    def rows(self, model: Any, **of: Any) -> list[Any]:
        with scope(self.client.pk):
            return list(model.objects.filter(**of).order_by("id"))

    def names(self, model: Any) -> set[str]:
        return {row.source_id for row in self.rows(model)}

    def keys(self) -> set[str]:
        root = Path(settings.STORAGES["default"]["OPTIONS"]["location"])  # type: ignore[index]
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def came_to_north(cast: Cast) -> Somebody:
    """In by `c1`, out by `c2`, in a conference of somebody else's by `c3`; `o1` was put through to it by a CDR. `o2`
    is no business of its own.
    """
    north = cast.north
    joined = {"occurred_at": "2026-09-28T12:05:00Z", "type": "External", "event": "Joined"}
    told(
        north,
        "call",
        call("c1", leg("c1.a", from_username="+442079460123", clid='"Jo" <+442079460123>'), caller=SPELLED),
        call("c2", leg("c2.a", "102", flow="out"), direction="out", caller={"number": "102"}, called=SPELLED),
        call("c3", leg("c3.a"), caller=SOMEBODY_ELSE, participants=[joined | {"phone_number": "44-20-7946-0123"}]),
        call("o1", leg("o1.a"), leg("o1.b", "102", dest_number="+44 (20) 79460123"), caller=SOMEBODY_ELSE),
        call(
            "o2",
            leg("o2.a", info="asked for +442079460123"),
            caller=SOMEBODY_ELSE | {"name": "Al, for 44 20 7946 0123"},
            metadata={"asked": "+442079460123"},
            participants=[joined | {"type": "User", "phone_number": "101", "user_name": "for.442079460123"}],
        ),
    )
    told(north, "call", call("c1", leg("c1.a", from_username="+442079460123"), caller=SPELLED, region="x"))
    told(
        north,
        "recording",
        recording("r1", leg="c1.a", file_name="in_+442079460123_a.wav", transcript="this is Jo Field"),
        recording("r2", leg="c2.a"),
        recording("r2 silent", leg="c2.a"),
        recording("r3", leg="c3.a"),
        recording("ro1", leg="o1.a"),
        recording("ro1 through", leg="o1.b"),
        recording("ro2", leg="o2.a", file_name="for-442079460123.wav", account_number="+44 20 7946 0123", ext_var1="x"),
        recording("r stray", call="never came", file_name="out-442079460123-101.wav"),
    )
    told(
        north,
        "voicemessage",
        voicemessage("v1", caller=SPELLED, callerid='"Jo" <+442079460123>'),
        voicemessage("v2", "102", caller=SOMEBODY_ELSE, dialled="+44 20 79460123"),
        voicemessage("vo", caller=SOMEBODY_ELSE | {"name": "Al"}, callerid='"for +442079460123" <+442079460777>'),
    )
    told(
        north,
        "event",
        event("e1", call="c1", caller="+442079460123"),
        event("e2", call="living", caller="+442079460123"),
        event("e3", "answered", call="living", caller=None),
        event("eo", call="o2", caller="+442079460777", called="+442079460123"),
        b'{"source": "pbx", "source_id": "bad", "caller": "+44 20 7946 0123"',
        b'{"source": "pbx", "source_id": "bad too", "caller": "+442079460777"}',
    )
    heard(cast)
    beside(cast)
    return Somebody(cast)


def heard(cast: Cast) -> None:
    """Sound, where there is any; one recording is in the trash already."""
    north = cast.north
    with scope(north.pk):
        for kind, rows in ((RECORDING, Record.objects.exclude(source_id="r2 silent")), (VOICEMESSAGE, MESSAGES.all())):
            ids = list(rows.values_list("id", flat=True))
            with settling(north.pk, kind, ids):
                for thing in rows:
                    attach_file(north, f"sound of {thing.source_id}".encode(), **{kind.total: thing})
                rows.update(size=10, seconds=3.0)
        assert trash(Record.objects.filter(source_id="r2"), whole_client(north.pk), Deletion.Via.PORTAL)


def beside(cast: Cast) -> None:
    """A capture, an archive, a hold that has ended, messages to a subscriber, bytes nobody could read, a report."""
    north, now = cast.north, timezone.now()
    who = whole_client(north.pk)
    with scope(north.pk):
        capture = Capture.objects.create(
            client=north, source="pbx", source_id="p", call=Call.objects.get(source_id="c1")
        )
        attach_file(north, b"packets", capture=capture)
        other = Capture.objects.create(
            client=north, source="pbx", source_id="po", leg=Leg.objects.get(source_id="o2.a")
        )
        attach_file(north, b"packets of others", capture=other)
        ready = {"state": ArchiveState.READY, "expires_at": now + timedelta(hours=9), "due_at": now, "asked_by": "nora"}
        for named, number in (("r1", "+442079460123"), ("ro1", "+442079460777")):
            archive = Archive.objects.create(client=north, starts_at=NOON, ends_at=NOON, **ready)
            record = Record.objects.get(source_id=named)
            facts = json.dumps({"from_username": number, "record_uuid": named})
            member = {"position": 0, "at": NOON, "name": record.file_name or named, "facts": facts}
            ArchiveMember.objects.create(client=north, archive=archive, record=record, **member)
        assert lift(place(on_number(NUMBER), who, "a case"), who, "closed")
        wanted = {"dialect": "ringme", "moment": "ended", "method": "POST", "url": "https://hooks.example/"}
        subscription = Subscription.objects.create(client=north, **wanted)
        times = {"happened_at": NOON, "queued_at": NOON, "due_at": NOON}
        for thread, body in (("a", "CallerIDNum=%2B442079460123&x=1"), ("b", "CallerIDNum=%2B442079460777")):
            Delivery.objects.create(client=north, subscription=subscription, thread=thread, body=body, **times)
        for source_id in ("monitor/in-442079460123-101", "monitor/in-442079460777-101"):
            key = new_key(north.pk, NOON, "bin")
            default_storage.save(key, ContentFile(b"no audio"))
            kept = {
                "source": "pbx",
                "source_id": source_id,
                "key": key,
                "size": 8,
                "sha256": b"x",
                "reason": "no audio",
            }
            QuarantinedMedia.objects.create(client=north, kind="recording", **kept)
        run = ImportRun.objects.create(client=north, source="asterisk", path="/spool")
        ledger.note(Action.PLAYBACK, who, ("record", Record.objects.get(source_id="r1").uuid))
    report = Path(settings.DATA_DIR) / "reports" / f"import-{run.pk}.ndjson"
    report.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"line": 1, "path": "in-442079460123-101.wav"}, {"line": 2, "path": "in-442079460777-101.wav"}]
    report.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


# ---------------------------------------------------------------- where a number is


def where_it_is(client: Client, plain_rev: str) -> set[str]:
    """Every table that has the number in a row of the client, or of nobody, and every file."""
    wanted = pattern(plain_rev)
    assert wanted is not None
    with scope(client.pk):
        tables = {table for table in all_tables() if named_in_table(table, wanted, plain_rev)}
    return tables | set(files_naming(wanted))


def all_tables() -> list[str]:
    with connection.cursor() as db:
        return connection.introspection.table_names(db)


def named_in_table(table: str, wanted: str, plain_rev: str) -> bool:
    """In any column: in a text, in bytes, or from its end on as numbers are compared."""
    with connection.cursor() as db:
        db.execute(_COLUMNS, [table])
        texts = [
            f"encode(\"{name}\", 'escape')" if kind == "bytea" else f'"{name}"::text' for name, kind in db.fetchall()
        ]
        if not texts:
            return False  # a table of this session alone
        told = f"concat_ws(E'\\n\\n\\n\\n', {', '.join(texts)})"
        named = f"{told} ~ %s or position(%s in {told}) > 0"
        db.execute(f"select exists (select from {table} where {named})", [wanted, plain_rev])
        return bool(db.fetchone()[0])


_COLUMNS = """
select column_name, data_type from information_schema.columns where table_name = %s and table_schema = 'public'
"""


def files_naming(wanted: str) -> Iterator[str]:
    roots = [Path(settings.STORAGES["default"]["OPTIONS"]["location"]), Path(settings.DATA_DIR) / "reports"]  # type: ignore[index]
    for path in (path for root in roots for path in root.rglob("*") if path.is_file()):
        if re.search(wanted, path.name) or re.search(wanted, path.read_bytes().decode("latin-1")):
            yield path.name


def erasure_of(somebody: Somebody) -> Erasure:
    with scope(somebody.client.pk):
        return Erasure.objects.get()
