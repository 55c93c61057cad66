"""import_calls manifest: facts and files come in, once."""

from __future__ import annotations

import gzip
import os
import shutil

import orjson
import psycopg
import pytest
from django.core.management.base import CommandError

from cdrs.models import Call, Leg
from portal.access.isolation import scope
from portal.intake import batch, reading
from portal.intake.models import RawFact
from portal.intake.sources.manifest import Manifest
from records.models import Record, VoiceMessage
from tests.portal.intake.importing import DATA, call, figures, run_import, stored, uploads_left, write_manifest

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(next((DATA / "spool").glob("monitor/**/*-1791187331.0.mp3")), folder / "a.mp3")
    shutil.copy(DATA / "spool" / "voicemail" / "default" / "101" / "INBOX" / "msg0000.wav", folder / "v.wav")
    return folder


def test_calls_recordings_and_messages_come_in_together(cast, folder):
    message = {"source": "pbx", "source_id": "v1", "extension": "101", "at": "2026-09-28T18:00:00Z", "file": "v.wav"}
    path = write_manifest(
        folder,
        {"call": call(1, legs=2), "recordings": [{"source_id": "r1", "leg": "c1-0", "file": "a.mp3"}]},
        call(2),
        {"voicemessage": message},
        {"recording": {"source": "pbx", "source_id": "r2", "call": "c2"}},
    )
    assert run_import(cast.north, "manifest", path) == figures(calls=2, cdrs=3, recordings=2, voicemessages=1)
    with scope(cast.north.pk):
        heard = Record.objects.get(source_id="r1")
        assert heard.state == "available" and heard.leg.source_id == "c1-0"
        assert Record.objects.get(source_id="r2").state == "awaiting"
        assert VoiceMessage.objects.get().state == "available"
    before = stored(cast.north)
    assert run_import(cast.north, "manifest", folder) == figures(skipped=4)
    assert stored(cast.north) == before


def test_of_many_files_each_finds_its_recording(cast, folder):
    """More than are settled at a time; one of them is told twice, one is not there, one has nothing in it."""
    (folder / "empty.wav").touch()
    told = [{"source_id": f"r{number}", "leg": f"c{number}-0", "file": "a.mp3"} for number in range(20)]
    told[3] |= {"file": "none.mp3"}
    told[4] |= {"file": "empty.wav"}
    again = {"source_id": "r19", "leg": "c19-0", "file": "v.wav"}
    lines = [{"call": call(number), "recordings": [one]} for number, one in enumerate(told)]
    lines[19]["recordings"].append(again)
    path = write_manifest(folder, *lines)
    assert run_import(cast.north, "manifest", path) == figures(
        calls=20, cdrs=20, recordings=20, missing_media=1, bad_media=1
    )
    with scope(cast.north.pk):
        states = dict(Record.objects.values_list("source_id", "state"))
        assert states == dict.fromkeys(states, "available") | {"r3": "missing", "r4": "bad"} and len(states) == 20
        legs = Record.objects.filter(state="available").values_list("source_id", "leg__source_id", "media__size")
        sizes = {name: size for name, leg, size in legs if leg == f"c{name[1:]}-0"}
        assert len(sizes) == 18
        assert {sizes[name] for name in sizes if name != "r19"} == {(folder / "a.mp3").stat().st_size}
        assert sizes["r19"] in {(folder / name).stat().st_size for name in ("a.mp3", "v.wav")}
    assert uploads_left() == 0
    before = stored(cast.north)
    assert run_import(cast.north, "manifest", path)["recordings"] == 0
    assert stored(cast.north) == before


def test_a_changed_line_updates_and_is_neither_new_nor_skipped(cast, folder):
    run_import(cast.north, "manifest", write_manifest(folder, call(1), call(2)))
    path = write_manifest(folder, call(1, legs=2), call(2), call(3))
    assert run_import(cast.north, "manifest", path) == figures(calls=1, cdrs=2, skipped=1)
    with scope(cast.north.pk):
        assert Leg.objects.filter(call__source_id="c1").count() == 2


def test_a_bad_line_is_rejected_kept_and_stops_nothing(cast, folder):
    path = write_manifest(
        folder,
        call(1),
        b"{torn",
        call(2, direction="sideways"),
        {"call": call(3), "recordings": [{"source_id": "r3", "started_at": "noon"}]},
        call(4),
    )
    assert run_import(cast.north, "manifest", path) == figures(calls=3, cdrs=3, rejected=3)
    with scope(cast.north.pk):
        assert set(Call.objects.values_list("source_id", flat=True)) == {"c1", "c3", "c4"}
        errors = sorted(RawFact.objects.filter(status="rejected").values_list("error", flat=True))
    assert len(errors) == 3
    assert any("direction" in error for error in errors) and any("started_at" in error for error in errors)


@pytest.mark.parametrize("file", ["../secret.mp3", "{tmp}/secret.mp3", "link.mp3", "folder/secret.mp3", "", "none.mp3"])
def test_a_file_outside_is_missing_and_its_call_is_in(cast, folder, tmp_path, file):
    shutil.copy(folder / "a.mp3", tmp_path / "secret.mp3")
    (folder / "link.mp3").symlink_to(tmp_path / "secret.mp3")
    (folder / "folder").symlink_to(tmp_path, target_is_directory=True)
    recording = {"source_id": "r1", "file": file.format(tmp=tmp_path)}
    path = write_manifest(folder, {"call": call(1), "recordings": [recording]})
    assert run_import(cast.north, "manifest", path) == figures(calls=1, cdrs=1, recordings=1, missing_media=1)
    with scope(cast.north.pk):
        assert Record.objects.get().state == "missing"


def test_a_call_told_twice_in_one_file_ends_as_it_was_told_last(cast, folder, monkeypatch):
    path = write_manifest(folder, call(1, region="north"), call(1, region="south"))
    for client, lines in ((cast.north, 2000), (cast.south, 1)):
        monkeypatch.setattr(reading, "BATCH_LINES", lines)
        assert run_import(client, "manifest", path) == figures(calls=1, cdrs=1)
        with scope(client.pk):
            assert Call.objects.get().region == "south"


def test_a_packed_manifest_comes_in_the_same(cast, folder):
    path = folder / "calls.ndjson.gz"
    path.write_bytes(gzip.compress(write_manifest(folder, *(call(number) for number in range(50))).read_bytes()))
    assert run_import(cast.north, "manifest", path) == figures(calls=50, cdrs=50)
    assert run_import(cast.north, "manifest", path) == figures(skipped=50)


@pytest.fixture
def statements(monkeypatch):
    """How many statements were sent since the list was emptied, by whatever kind of cursor.

    Without those that forget old plans: they come by the clock (cdrs.ingest.staging.plan_for_keys).
    """
    sent, real = [], psycopg.Cursor.execute

    def execute(cursor, *arguments, **options):
        if arguments[0] != "discard plans":
            sent.append(1)
        return real(cursor, *arguments, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", execute)
    return sent


def test_a_batch_of_a_thousand_asks_the_database_no_more_than_one_of_a_hundred(cast, folder, statements):
    entries = list(Manifest(write_manifest(folder, *(call(number) for number in range(1200)))).read(0, 0))
    counts = []
    for part in (entries[:100], entries[100:200], entries[200:]):
        statements.clear()
        with scope(cast.north.pk):
            batch.take_in(cast.north.pk, Manifest(folder), reading.batch_of(part))
        counts.append(len(statements))
    assert counts[2] <= counts[1] <= 50


def test_a_line_too_deep_or_of_no_likely_time_costs_no_other(cast, folder):
    deep = b'{"a":' * 300 + b"1" + b"}" * 300
    bare = orjson.dumps(call(2))[:-1] + b',"metadata":' + deep + b"}"
    wrapped = b'{"call":' + orjson.dumps(call(3))[:-1] + b',"metadata":' + deep + b"}}"
    path = write_manifest(folder, call(1), bare, wrapped, call(4, started_at="0001-01-01T00:00:00Z"), call(5))
    assert run_import(cast.north, "manifest", path) == figures(calls=2, cdrs=2, rejected=3)
    with scope(cast.north.pk):
        kept = {bytes(body) for body in RawFact.objects.filter(status="rejected").values_list("body", flat=True)}
    assert {bare, wrapped} < kept and len(kept) == 3


@pytest.mark.parametrize("damage", ["cut", "another checksum", "no deflate"])
def test_a_packed_file_that_was_cut_says_how_far_it_came(cast, folder, monkeypatch, damage):
    monkeypatch.setattr(reading, "BATCH_LINES", 3)
    lines = b"".join(orjson.dumps(call(number, region=os.urandom(200).hex())) + b"\n" for number in range(400))
    packed = gzip.compress(lines)
    broken = {
        "cut": packed[: len(packed) // 2],
        "another checksum": packed[:-8] + bytes(8),
        "no deflate": packed + packed[:10] + b"\xff" * 50,
    }
    (folder / "manifest.ndjson.gz").write_bytes(broken[damage])
    with pytest.raises(CommandError) as error:
        run_import(cast.north, "manifest", folder)
    assert error.value.returncode == 1
    said = str(error.value)
    assert "\n" not in said and "the packed file is cut or damaged" in said and "after line" in said
    with scope(cast.north.pk):
        came = Call.objects.count()
        assert 0 < came <= 400 and f"{came:,} calls" in said
    (folder / "manifest.ndjson.gz").write_bytes(packed)
    assert run_import(cast.north, "manifest", folder)["calls"] == 400 - came
