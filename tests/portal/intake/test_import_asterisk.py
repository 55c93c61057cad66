"""import_calls asterisk: a spool with the faults of real ones becomes calls, once."""

from __future__ import annotations

import json
import runpy
import shutil
import signal
from pathlib import Path

import pytest

from cdrs.ingest.names import source_hash
from cdrs.models import Call, Leg, Tombstone
from portal.access.isolation import scope
from portal.intake import fetching, importer, reading, settling
from portal.intake.models import ImportRun, QuarantinedMedia, RawFact
from portal.media.storage import store
from records.models import MediaFile, Record, VoiceMessage
from records.playback import make_copy
from tests.portal.intake.importing import DATA, figures, in_a_process, run_import, stored, uploads_left

pytestmark = pytest.mark.django_db(transaction=True)
make_spool = runpy.run_path(str(DATA / "make_spool.py"))
FIRST_TIME = figures(
    calls=19, cdrs=20, recordings=17, voicemessages=5, missing_media=5, bad_media=2, rejected=2
)  # line 16 is a link that a checkout does not have


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return shutil.copytree(DATA / "spool", tmp_path / "spool")


def report(data_dir: Path) -> list[dict]:
    files = sorted(data_dir.glob("reports/*"), key=lambda path: path.stat().st_mtime_ns)
    return [json.loads(line) for line in files[-1].read_text().splitlines()] if files else []


def test_the_committed_spool_comes_in_as_its_catalogue_says(cast, spool, data_dir):
    assert run_import(cast.north, "asterisk", spool) == FIRST_TIME
    with scope(cast.north.pk):
        assert Call.objects.count() == 19 and Leg.objects.count() == 20
        assert Call.objects.get(source_id="1791199200.7").caller_name == "Zoë Brandt"
        transferred = Call.objects.get(source_id="1791209400.10")
        assert [leg.extension.number for leg in transferred.legs.order_by("init_time")] == ["101", "104"]
        states = dict(Record.objects.values_list("source_id", "state"))
        assert sum(state == "available" for state in states.values()) == 11
        assert Record.objects.get(source_id="1791198355.6-recording").findings == ["short"]
        assert Record.objects.get(source_id="1791196809.5-recording").findings == ["empty"]
        assert Record.objects.get(source_id="1791195147.4-recording").findings == ["missing"]
        assert VoiceMessage.objects.filter(state="available").count() == 4
        assert QuarantinedMedia.objects.get().source_id == "1791218640.20-recording"
    assert uploads_left() == 0
    told = {(line.get("line"), line["what"]) for line in report(data_dir)}
    assert {(5, "missing_media"), (6, "bad_media"), (21, "bad_media"), (17, "rejected"), (18, "rejected")} <= told
    assert {(14, "missing_media"), (15, "missing_media"), (16, "missing_media"), (7, "finding")} <= told


def test_the_original_is_stored_byte_for_byte(cast, spool):
    run_import(cast.north, "asterisk", spool)
    with scope(cast.north.pk):
        key = MediaFile.objects.get(record__source_id="1791188140.1-recording").key
    [original] = spool.glob("monitor/**/*-1791188140.1.wav")
    with store().local_copy(key) as path:
        assert path.read_bytes() == original.read_bytes()


def test_sound_that_no_browser_plays_gets_a_playable_copy(cast, spool):
    run_import(cast.north, "asterisk", spool)
    with scope(cast.north.pk):
        wanted = list(MediaFile.objects.filter(playable="wanted"))
    assert {file.codec for file in wanted} == {"gsm_ms"} and len(wanted) == 4
    for file in wanted:
        assert make_copy(cast.north.pk, file.pk)
    with scope(cast.north.pk):
        assert not MediaFile.objects.filter(playable="wanted").exists()
        assert all(store().exists(file.playable_key) for file in MediaFile.objects.filter(playable="ready"))


def test_twice_is_as_once(cast, spool):
    run_import(cast.north, "asterisk", spool)
    before = stored(cast.north)
    assert run_import(cast.north, "asterisk", spool) == figures(skipped=25, rejected=2)
    assert stored(cast.north) == before and uploads_left() == 0


def test_two_clients_have_the_same_spool_and_nothing_in_common(cast, spool):
    run_import(cast.north, "asterisk", spool)
    assert run_import(cast.south, "asterisk", spool) == FIRST_TIME
    with scope(cast.north.pk):
        north = set(Call.objects.values_list("call_uuid", flat=True))
    with scope(cast.south.pk):
        assert not north & set(Call.objects.values_list("call_uuid", flat=True))


def test_nothing_outside_the_spool_is_read(cast, spool, tmp_path, data_dir):
    secret = tmp_path / "secret" / "sound.mp3"
    secret.parent.mkdir()
    [sound] = spool.glob("monitor/**/*-1791187331.0.mp3")
    shutil.copy(sound, secret)
    (secret.parent / "msg0000.txt").write_text("[message]\norigtime=1791223450\ncallerid=secret\n")
    make_spool["link_out"](spool, secret)
    assert run_import(cast.north, "asterisk", spool) == FIRST_TIME
    with scope(cast.north.pk):
        hostile = Record.objects.filter(source_id__regex=r"^17912(15100|15160|15220)")
        assert [record.state for record in hostile] == ["missing"] * 3
        assert not VoiceMessage.objects.filter(extension__number="105").exists()
    reasons = {line.get("line"): line["reason"] for line in report(data_dir)}
    assert "leads out" in reasons[14] and "leads out" in reasons[15] and "link" in reasons[16]


def test_a_rejected_row_is_kept_as_it_came(cast, spool):
    run_import(cast.north, "asterisk", spool)
    rows = (spool / "cdr-csv" / "Master.csv").read_bytes().splitlines()
    with scope(cast.north.pk):
        kept = {bytes(raw.body): raw.error for raw in RawFact.objects.filter(status="rejected")}
    assert set(kept) == {rows[16], rows[17]}
    assert "5 columns" in kept[rows[16]] and "yesterday at noon" in kept[rows[17]]


def test_what_was_deleted_stays_deleted(cast, spool):
    run_import(cast.north, "asterisk", spool)
    with scope(cast.north.pk):
        call = Call.objects.get(source_id="1791187331.0")
        MediaFile.objects.filter(record__call=call).delete()
        for row in (*call.records.all(), *call.legs.all(), *call.participants.all(), call):
            row.delete()
        Tombstone.objects.create(
            client=cast.north, kind="call", source="asterisk", source_hash=source_hash("1791187331.0")
        )
    assert run_import(cast.north, "asterisk", spool) == figures(skipped=25, rejected=2)
    with scope(cast.north.pk):
        assert not Call.objects.filter(source_id="1791187331.0").exists()
        assert not Record.objects.filter(source_id="1791187331.0-recording").exists()


def test_a_recording_that_comes_later_is_found_by_the_next_import(cast, spool):
    [sound] = spool.glob("monitor/**/*-1791187331.0.mp3")
    sound.rename(spool / "later.mp3")
    assert run_import(cast.north, "asterisk", spool) == FIRST_TIME | {"missing_media": 6}
    (spool / "later.mp3").rename(sound)
    assert run_import(cast.north, "asterisk", spool) == figures(skipped=24, rejected=2)
    with scope(cast.north.pk):
        assert Record.objects.get(source_id="1791187331.0-recording").state == "available"


def test_a_message_that_was_heard_is_moved_not_doubled(cast, spool):
    run_import(cast.north, "asterisk", spool)
    box = spool / "voicemail" / "default" / "101"
    (box / "INBOX" / "msg0000.txt").rename(box / "Old" / "msg0001.txt")
    (box / "INBOX" / "msg0000.wav").rename(box / "Old" / "msg0001.wav")
    assert run_import(cast.north, "asterisk", spool) == figures(skipped=24, rejected=2)
    with scope(cast.north.pk):
        message = VoiceMessage.objects.get(source_id="1791223450-00000000")
        assert (message.folder, message.is_new, message.state) == ("Old", False, "available")


def test_rows_that_were_added_are_imported_and_legs_join_their_calls(cast, spool, monkeypatch):
    """Line by line, as a PBX writes them: the end state is that of one import."""
    run_import(cast.south, "asterisk", spool)
    master = spool / "cdr-csv" / "Master.csv"
    lines = master.read_bytes().splitlines(keepends=True)
    head, legs = lines[:10], [lines[11], lines[10]]  # the transfer's second leg is written before its first
    master.write_bytes(b"".join(head))
    run_import(cast.north, "asterisk", spool)
    for more, expected in ((legs[:1], {"calls": 1, "cdrs": 1}), (legs, {"calls": 0, "cdrs": 1})):
        master.write_bytes(b"".join(head + more))
        printed = run_import(cast.north, "asterisk", spool)
        assert {name: printed[name] for name in expected} == expected
    monkeypatch.setattr(reading, "BATCH_LINES", 1)
    master.write_bytes(b"".join(lines))
    assert run_import(cast.north, "asterisk", spool)["calls"] == 8
    assert stored(cast.north) == stored(cast.south)


def test_another_time_zone_moves_the_calls_and_makes_none_anew(cast, spool):
    run_import(cast.north, "asterisk", spool)
    assert run_import(cast.north, "asterisk", spool, "--timezone", "Europe/Berlin") == figures(skipped=5, rejected=2)
    with scope(cast.north.pk):
        assert Leg.objects.get(source_id="1791187331.0").init_time.hour == 6
    run_import(cast.north, "asterisk", spool)
    run_import(cast.south, "asterisk", spool)
    assert stored(cast.north) == stored(cast.south)


class Crash(BaseException):
    pass


@pytest.mark.parametrize("lines", [2000, 3])
@pytest.mark.parametrize("attached", [1, 5, 12])
def test_an_import_that_dies_in_the_middle_goes_on(cast, spool, monkeypatch, lines, attached):
    run_import(cast.south, "asterisk", spool)
    monkeypatch.setattr(reading, "BATCH_LINES", lines)
    monkeypatch.setattr(fetching, "WINDOW", 2)
    monkeypatch.setattr(fetching, "GROUP", 1)
    real, calls = settling.attach_all, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == attached:
            raise Crash
        return real(*arguments)

    monkeypatch.setattr(settling, "attach_all", dying)
    with pytest.raises(Crash):
        run_import(cast.north, "asterisk", spool)
    monkeypatch.setattr(settling, "attach_all", real)
    run_import(cast.north, "asterisk", spool)
    assert stored(cast.north) == stored(cast.south)
    assert run_import(cast.north, "asterisk", spool) == figures(skipped=25, rejected=2)


def test_a_run_that_was_stopped_goes_on_where_it_was_and_its_figures_add_up(cast, spool, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_LINES", 4)
    real, calls = importer.take_in, []

    def dying(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise Crash
        return real(*arguments)

    monkeypatch.setattr(importer, "take_in", dying)
    with pytest.raises(Crash):
        run_import(cast.north, "asterisk", spool)
    with scope(cast.north.pk):
        run = ImportRun.objects.get()
        assert 0 < run.line <= 12 and run.position > 0 and run.finished_at is None
    monkeypatch.setattr(importer, "take_in", real)
    second = run_import(cast.north, "asterisk", spool)
    assert second["skipped"] < 12
    with scope(cast.north.pk):
        run = ImportRun.objects.get()
        assert run.finished_at and run.line == 22
        assert {name: run.counts[name] for name in ("calls", "cdrs", "recordings")} == {
            name: FIRST_TIME[name] for name in ("calls", "cdrs", "recordings")
        }


def test_another_file_at_the_same_path_is_read_from_its_beginning(cast, spool, monkeypatch):
    monkeypatch.setattr(reading, "BATCH_LINES", 4)
    monkeypatch.setattr(importer.Course, "finish", lambda *arguments: (_ for _ in ()).throw(Crash))
    with pytest.raises(Crash):
        run_import(cast.north, "asterisk", spool)
    monkeypatch.undo()
    master = spool / "cdr-csv" / "Master.csv"
    lines = master.read_bytes().splitlines(keepends=True)
    master.write_bytes(b"".join(line.replace(b'.1"', b'.771"') for line in lines))  # the same length, another uniqueid
    assert run_import(cast.north, "asterisk", spool)["calls"] == 1


KILLED = """
import os, signal, sys
import django
django.setup()
from django.core.management import call_command
from portal.intake import fetching, settling
fetching.WINDOW, fetching.GROUP, real, calls = 2, 1, settling.attach_all, []
def dying(*arguments):
    calls.append(1)
    if len(calls) == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)
settling.attach_all = dying
call_command("import_calls", "asterisk", sys.argv[1], "--client", sys.argv[2])
"""


def test_killed_with_9_in_the_middle_and_run_again_the_end_state_is_the_same(cast, spool, tmp_path):
    run_import(cast.south, "asterisk", spool)
    ended = in_a_process(KILLED, tmp_path, str(spool), str(cast.north.pk))
    assert ended == -signal.SIGKILL
    with scope(cast.north.pk):
        assert 0 < Record.objects.filter(state="available").count() < 11
    again = run_import(cast.north, "asterisk", spool)
    assert again["calls"] == 0 and 0 < again["recordings"] < 17
    assert stored(cast.north) == stored(cast.south)
