"""A client whose calls, recordings and messages came in by the way in, on days that are said by their number.

Day 0 is 28 September 2026; what is told of a thing is the day on which it began.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.files.storage import default_storage

from archives.retention import certificates, runs, terms
from archives.retention.models import Certificate, Run
from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.clients.models import Client, Extension, ExtensionGroup
from portal.intake.accept import accept
from records.ingest import attach_media
from records.models import MediaFile, Record, VoiceMessage
from tests.factories import make_client
from tests.facts import call, leg, recording, sound, voicemessage
from tests.records.test_ingest_records import arrive

DAY_0 = datetime(2026, 9, 28, 12, 0, tzinfo=UTC)
SOUND = sound(0.1)


def at(day: int, hour: int = 12) -> str:
    return (DAY_0.replace(hour=hour) + timedelta(days=day)).isoformat()


def utc_day(day: int) -> date:
    return (DAY_0 + timedelta(days=day)).date()


@dataclass
class Office:
    client: Client
    sales: ExtensionGroup
    support: ExtensionGroup

    def call(self, name: str, day: int, *extensions: str | None, **facts: Any) -> None:
        """A call with a leg a named extension (101 is of Sales, 102 of Support), or one at 101."""
        legs = [leg(f"{name}.{number or 'nobody'}", number, init_time=at(day)) for number in extensions or ("101",)]
        told = call(name, *legs) | {"legs": legs, "started_at": at(day)} | facts
        assert self.told("call", told) <= {"created", "updated"}

    def record(self, name: str, *, leg: str | None = None, call: str | None = None, content: bytes = SOUND) -> None:
        named = {"leg": leg} if leg else {"call": call} if call else {}
        assert self.told("recording", recording(name, **named)) == {"created"}
        if content:
            self.attach("recording", name, content)

    def message(self, name: str, day: int, extension: str = "101", content: bytes = SOUND) -> None:
        assert self.told("voicemessage", voicemessage(name, extension, at=at(day))) == {"created"}
        if content:
            self.attach("voicemessage", name, content)

    def attach(self, kind: str, name: str, content: bytes) -> None:
        media = arrive(self.client, content)
        with scope(self.client.pk):
            attach_media(self.client.pk, kind, "pbx", name, media)

    def told(self, kind: str, *facts: dict[str, Any]) -> set[str]:
        return {str(result.status) for result in accept(self.client.pk, kind, list(facts))}

    # ------------------------------------------------------------ terms and runs

    def keep(self, group: ExtensionGroup | None = None, **days: int | None) -> None:
        """Of the client, or of a group: records, voicemessages, cdrs, archives; None: for ever."""
        with scope(self.client.pk):
            if group is None:
                self.client.settings |= {terms.setting_of(kind): value for kind, value in days.items()}
                self.client.save(update_fields=["settings"])
            else:
                values = {f"{kind}_days": value or 0 for kind, value in days.items()}
                terms.GroupPolicy.objects.update_or_create(client=self.client, group=group, defaults=values)

    def run(self, day: int) -> Run:
        """The run that decides by a day, passed once."""
        with scope(self.client.pk):
            run = runs.begun(self.client, utc_day=utc_day(day), asked_by="test")
        assert run is not None
        return self.passed(run)

    def passed(self, run: Run) -> Run:
        with scope(self.client.pk):
            Run.objects.filter(pk=run.pk, finished_at=None).update(next_at=DAY_0)
        runs.work(self.client.pk, run.pk)
        return self.again(run)

    def again(self, run: Run) -> Run:
        with scope(self.client.pk):
            return Run.objects.get(pk=run.pk)

    def certificate(self, run: Run) -> dict[str, Any]:
        with scope(self.client.pk):
            return certificates.told(Certificate.objects.get(uuid=run.certificate))

    # ------------------------------------------------------------ what is there

    def names(self, model: Any) -> set[str]:
        with scope(self.client.pk):
            return set(model.objects.values_list("source_id", flat=True))

    @property
    def calls(self) -> set[str]:
        return self.names(Call)

    @property
    def cdrs(self) -> set[str]:
        return self.names(Leg)

    @property
    def records(self) -> set[str]:
        return self.names(Record)

    @property
    def messages(self) -> set[str]:
        return self.names(VoiceMessage)

    def uuids(self, model: Any, *names: str) -> list[UUID]:
        column = "call_uuid" if model is Call else "uuid"
        with scope(self.client.pk):
            return list(model.objects.filter(source_id__in=names).values_list(column, flat=True))

    def no_file_without_row_and_no_row_without_file(self) -> None:
        with scope(self.client.pk):
            keys = set(MediaFile.objects.values_list("key", flat=True))
        assert keys == stored(self.client)


def stored(client: Client) -> set[str]:
    """The keys of all objects of a client in storage."""
    return {key for key in walk("") if key.startswith(f"{client.pk}/")}


def walk(folder: str) -> Iterable[str]:
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in files:
        yield f"{folder}/{name}".lstrip("/")
    for name in folders:
        yield from walk(f"{folder}/{name}".lstrip("/"))


def hash_of(uuids: Sequence[UUID]) -> str:
    """As `sort | sha256sum` has it."""
    lines = sorted(uuid.hex.upper() for uuid in uuids)
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def make_office(name: str = "Office", **fields: Any) -> Office:
    client = make_client(name, **fields)
    with scope(client.pk):
        sales, support = (ExtensionGroup.objects.create(client=client, name=one) for one in ("Sales", "Support"))
        for number, group in (("101", sales), ("102", support)):
            Extension.objects.create(client=client, number=number, group=group)
    return Office(client, sales, support)
