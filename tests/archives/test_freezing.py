"""What is in an archive is decided once: what can be heard then, in order, under names that are safe and unique."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest

from archives.models import Archive, ArchiveMember
from portal.access.isolation import scope
from portal.access.principal import whole_client
from portal.clients.models import Client
from records.deletion import trash
from records.models import Deletion, MediaFile, Record
from tests.archives.conftest import ask, freeze
from tests.factories import NOON, Cast, attach_file, make_call, make_record

pytestmark = pytest.mark.django_db


def record(client: Client, extension: Any, minutes: int = 0, **fields: Any) -> Record:
    _, leg = make_call(client, extension, NOON + timedelta(minutes=minutes))
    return make_record(client, leg, fields.pop("content", b"sound"), **fields)


def members(archive: Archive) -> list[ArchiveMember]:
    with scope(archive.client_id):
        return list(ArchiveMember.objects.filter(archive=archive))


def of(archive: Archive) -> list[int | None]:
    return [member.record_id for member in members(archive)]


def rename(row: Record, name: str | None) -> None:
    with scope(row.client_id):
        Record.objects.filter(pk=row.pk).update(file_name=name)


def test_it_has_what_began_in_the_period_in_order_and_both_ends_count(cast: Cast) -> None:
    rows = [record(cast.north, cast.ext101, minutes) for minutes in (2, 1, 0, -1, 3)]
    record(cast.south, cast.south101, 1)
    archive = freeze(ask(cast.north, starts_at=NOON, ends_at=NOON + timedelta(minutes=2)))
    assert of(archive) == [rows[2].pk, rows[1].pk, rows[0].pk]
    assert (archive.files, archive.bytes, archive.step) == (3, 15, "check")


def test_it_has_one_extensions_where_one_is_named(cast: Cast) -> None:
    record(cast.north, cast.ext101)
    theirs = record(cast.north, cast.ext102)
    assert of(freeze(ask(cast.north, extension=cast.ext102))) == [theirs.pk]


def test_parts_of_a_request_have_everything_once_even_what_began_at_one_moment(cast: Cast) -> None:
    rows = [record(cast.north, cast.ext101) for _ in range(5)]
    edges = [None, rows[1], rows[3], None]
    found = []
    for number, (behind, upto) in enumerate(pairwise(edges), 1):
        place = {"after_time": behind and NOON, "after_id": behind and behind.pk}
        place |= {"upto_time": upto and NOON, "upto_id": upto and upto.pk}
        found.append(of(freeze(ask(cast.north, part=number, parts=3, **place))))
    assert found == [[rows[0].pk, rows[1].pk], [rows[2].pk, rows[3].pk], [rows[4].pk]]


def test_what_is_in_the_trash_is_not_in_it(cast: Cast) -> None:
    gone, kept = record(cast.north, cast.ext101), record(cast.north, cast.ext101)
    with scope(cast.north.pk):
        trash(Record.objects.filter(pk=gone.pk), whole_client(cast.north.pk), Deletion.Via.API)
    assert of(freeze(ask(cast.north))) == [kept.pk]


def test_hostile_names_are_safe_and_unique(cast: Cast) -> None:
    said = ["a.wav", "A.WAV", "../a.wav", "a~1.wav", "manifest.json", "", None, "x" * 300 + ".wav", "записi\u202e.mp3"]
    for minutes, name in enumerate(said):
        rename(record(cast.north, cast.ext101, minutes), name)
    found = members(freeze(ask(cast.north)))
    names = [member.name for member in found]
    assert names[:5] == ["a.wav", "A~1.WAV", "_a.wav", "a~1~3.wav", "manifest~4.json"]
    with scope(cast.north.pk):
        uuids = [Record.objects.get(pk=member.record_id).uuid.hex for member in found[5:7]]
    assert names[5:7] == [f"{uuid}.wav" for uuid in uuids], "without a name: its own id, and the suffix of its audio"
    assert len(names[7]) < 200 and names[8] == "записi_.mp3"
    assert len({name.casefold() for name in names}) == len(said)


def test_each_file_of_a_recording_is_one(cast: Cast) -> None:
    row = record(cast.north, cast.ext101)
    with scope(cast.north.pk):
        attach_file(cast.north, b"the second half", record=row, position=1)
    first, second = members(freeze(ask(cast.north)))
    assert (first.size, second.size) == (5, 15)
    assert second.name == f"{row.file_name[:-4]}~1.wav"  # type: ignore[index]


def test_its_facts_are_those_of_then(cast: Cast) -> None:
    row = record(cast.north, cast.ext101)
    archive = freeze(ask(cast.north))
    rename(row, "renamed.wav")
    (member,) = members(archive)
    facts = orjson.loads(member.facts or "")
    with scope(cast.north.pk):
        file = MediaFile.objects.get(record=row)
    assert (member.key, member.size, member.crc32, bytes(member.sha256 or b"")) == (
        *(file.key, file.size, file.crc32),
        bytes(file.sha256),
    )
    assert facts["file_name"] == row.file_name and member.name == row.file_name
    assert facts["record_uuid"] == f"{cast.ext101.pk}-{row.uuid.hex.upper()}"
    assert (facts["init_time_gmt"], facts["storage_url"]) == ("2026-09-28 12:00:00", None)
    assert (facts["codec"], facts["sample_rate"], facts["channels"]) == ("pcm_s16le", 8000, 2)


def test_all_33_fields_of_the_paper_are_in_the_facts(cast: Cast) -> None:
    from tests.portal.dialects.ringme.conftest import SEED

    record(cast.north, cast.ext101)
    (member,) = members(freeze(ask(cast.north)))
    assert list(orjson.loads(member.facts or ""))[:33] == SEED.split()


def test_frozen_again_it_has_no_member_twice(cast: Cast) -> None:
    record(cast.north, cast.ext101)
    archive = freeze(ask(cast.north))
    record(cast.north, cast.ext101, 1)
    assert len(of(freeze(archive))) == 2


def test_a_recording_whose_file_is_not_known_is_missing(cast: Cast) -> None:
    row = record(cast.north, cast.ext101, content=None)
    (member,) = members(freeze(ask(cast.north)))
    assert (member.record_id, member.key, member.missing) == (row.pk, None, "no audio of it is known")


def test_more_names_than_are_made_at_once(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archives.freezing.NAMES_AT_ONCE", 2)
    for _ in range(5):
        rename(record(cast.north, cast.ext101), "same.wav")
    names = [member.name for member in members(freeze(ask(cast.north)))]
    assert names == ["same.wav", *(f"same~{number}.wav" for number in range(1, 5))]


def test_an_archive_of_nothing_is_one(cast: Cast) -> None:
    archive = freeze(ask(cast.north))
    assert (of(archive), archive.files, archive.bytes) == ([], 0, 0)
