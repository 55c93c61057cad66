"""import_calls where something is wrong: with what it was told, with the disk, with the database, or with patience."""

from __future__ import annotations

import errno
import io
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connection

from cdrs.models import Call
from portal.access.isolation import scope
from portal.intake import fetching, importer, reading
from portal.intake.models import ImportRun
from portal.intake.progress import Progress, clock
from portal.media.models import PendingUpload
from records.models import MediaFile, Record
from tests.facts import sound
from tests.portal.intake.importing import call, figures, run_import, uploads_left, write_manifest
from tests.stores import lose_store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    return write_manifest(tmp_path, *(call(number) for number in range(10)))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["asterisk", "{tmp}/none", "--client", "north"], "There is no {tmp}/none"),
        (["astersk", "{tmp}", "--client", "north"], "There is no source 'astersk'"),
        (["asterisk", "{tmp}", "--client", "north"], "Master.csv"),
        (["manifest", "{tmp}/empty", "--client", "north"], "holds no manifest.ndjson"),
        (["manifest", "{tmp}", "--client", "north", "--timezone", "Mars/Base"], "'Mars/Base' is not a time zone"),
        (["manifest", "{tmp}", "--client", "north", "--timezone", "../passwd"], "is not a time zone"),
        (["manifest", "{tmp}", "--client", "nobody"], "There is no client 'nobody'"),
        (["manifest", "{tmp}"], "--client"),
    ],
)
def test_what_cannot_be_is_said_in_one_line_and_nothing_is_stored(cast, manifest, tmp_path, arguments, line):
    (tmp_path / "empty").mkdir()
    out = io.StringIO()
    with pytest.raises(CommandError) as error:
        call_command("import_calls", *(part.format(tmp=tmp_path) for part in arguments), stdout=out)
    assert error.value.returncode == 2
    assert line.format(tmp=tmp_path) in str(error.value) and "\n" not in str(error.value)
    assert out.getvalue() == ""
    with scope(cast.north.pk):
        assert not ImportRun.objects.exists() and not Call.objects.exists()


def stopped(cast, path, error: BaseException, monkeypatch, at: str = "take_in") -> CommandError:
    """Import in batches of three, and meet `error` at the third of them."""
    real, calls = getattr(importer, at), []

    def meeting(*arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise error
        return real(*arguments, **options)

    monkeypatch.setattr(reading, "BATCH_LINES", 3)
    monkeypatch.setattr(importer, at, meeting)
    with pytest.raises(CommandError) as caught:
        run_import(cast.north, "manifest", path)
    monkeypatch.undo()
    return caught.value


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
        (OperationalError("server closed the connection\nunexpectedly"), 1, "server closed the connection"),
        (KeyboardInterrupt(), 130, "Interrupted"),
    ],
)
def test_an_import_that_is_stopped_says_how_far_it_came_and_goes_on(cast, manifest, monkeypatch, error, code, reason):
    said = stopped(cast, manifest, error, monkeypatch)
    assert said.returncode == code and "\n" not in str(said)
    assert reason in str(said) and "after line 6: 6 calls" in str(said) and "the same command goes on" in str(said)
    assert run_import(cast.north, "manifest", manifest) == figures(calls=4, cdrs=4)


def test_a_lost_database_is_no_row_of_anyones(cast, manifest, monkeypatch):
    """The connection really dies in the third batch; the next command has a new one."""
    real, calls = importer.take_in, []

    def losing(*arguments):
        calls.append(1)
        if len(calls) == 3:
            parameters = connection.get_connection_params()
            known = {
                name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters
            }
            with psycopg.connect(**known, autocommit=True) as other:
                other.execute("select pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
        return real(*arguments)

    monkeypatch.setattr(reading, "BATCH_LINES", 3)
    monkeypatch.setattr(importer, "take_in", losing)
    with pytest.raises(CommandError, match="after line 6: 6 calls") as error:
        run_import(cast.north, "manifest", manifest)
    assert error.value.returncode == 1
    connection.close()
    monkeypatch.undo()
    assert run_import(cast.north, "manifest", manifest) == figures(calls=4, cdrs=4)


def test_a_full_disk_for_audio_stops_the_import_and_marks_nothing_missing(cast, tmp_path, monkeypatch):
    (tmp_path / "a.mp3").write_bytes(b"sound")
    path = write_manifest(tmp_path, {"call": call(1), "recordings": [{"source_id": "r1", "file": "a.mp3"}]})

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(fetching, "receive", full)
    with pytest.raises(CommandError, match="No space left on device"):
        run_import(cast.north, "manifest", path)
    monkeypatch.undo()
    assert run_import(cast.north, "manifest", path) == figures(recordings=1, bad_media=1)
    assert uploads_left() <= 1  # the one that was never written is swept


def test_a_bucket_that_is_out_stops_the_import_in_one_line_and_marks_nothing_missing(cast, tmp_path, settings):
    path = files(tmp_path, 3)
    there = settings.STORAGES
    lose_store(settings)
    with pytest.raises(
        CommandError, match=r"^Stopped \(Could not connect [^\n]* the same command goes on from there.$"
    ):
        run_import(cast.north, "manifest", path)
    settings.STORAGES = there
    assert run_import(cast.north, "manifest", path) == figures(recordings=3)


def files(folder: Path, count: int) -> Path:
    """A manifest of so many calls, each with a recording."""
    lines = []
    for number in range(count):
        (folder / f"{number}.wav").write_bytes(sound(1.0, pitch=200 + 10 * number))
        told = {"source_id": f"r{number}", "leg": f"c{number}-0", "file": f"{number}.wav"}
        lines.append({"call": call(number), "recordings": [told]})
    return write_manifest(folder, *lines)


def test_what_was_stored_before_the_disk_was_full_is_in(cast, tmp_path, monkeypatch):
    path = files(tmp_path, 30)
    real, came = fetching.receive, []

    def filling(*arguments, **options):
        came.append(1)
        if len(came) == 13:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments, **options)

    monkeypatch.setattr(fetching, "receive", filling)
    with pytest.raises(CommandError, match="No space left on device"):
        run_import(cast.north, "manifest", path)
    with scope(cast.north.pk):
        heard = Record.objects.filter(state="available").count()
    assert 12 <= heard == len(came) - 1 < 30
    assert 1 <= uploads_left() <= fetching.WINDOW  # the one that failed, and those that no thread had begun with
    monkeypatch.undo()
    again = run_import(cast.north, "manifest", path)
    assert (again["recordings"], again["missing_media"], again["bad_media"]) == (30 - heard, 0, 0)
    with scope(cast.north.pk):
        assert Record.objects.filter(state="available").count() == MediaFile.objects.count() == 30


def test_an_upload_that_was_swept_stops_it_in_one_line(cast, tmp_path, monkeypatch):
    path = files(tmp_path, 10)
    real, swept = importer.settle, []

    def sweeping(*arguments):
        if not swept:
            swept.append(PendingUpload.objects.order_by("id").first().delete())
        return real(*arguments)

    monkeypatch.setattr(importer, "settle", sweeping)
    with pytest.raises(CommandError, match="uploads were swept"):
        run_import(cast.north, "manifest", path)
    monkeypatch.undo()
    run_import(cast.north, "manifest", path)
    with scope(cast.north.pk):
        assert Record.objects.filter(state="available").count() == MediaFile.objects.count() == 10


def test_no_two_imports_of_one_path_at_a_time(cast, manifest, monkeypatch):
    monkeypatch.setattr(importer, "PATIENCE_SECONDS", 0.2)
    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    with psycopg.connect(**known, autocommit=True) as other:
        name = f"import:{cast.north.pk}:{manifest.resolve()}"
        other.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [name])
        with pytest.raises(CommandError, match="being imported") as error:
            run_import(cast.north, "manifest", manifest)
        assert error.value.returncode == 1
        assert run_import(cast.south, "manifest", manifest)["calls"] == 10
    assert run_import(cast.north, "manifest", manifest)["calls"] == 10


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_a_log_gets_few_plain_lines(monkeypatch):
    now = [0.0]
    monkeypatch.setattr("portal.intake.progress.time.monotonic", lambda: now[0])
    terminal, log = Terminal(), io.StringIO()
    bars = [Progress(terminal, 1000), Progress(log, 1000)]
    for second in range(1, 11):
        now[0] = second
        for bar in bars:
            bar.show(second * 100, second, 0, last=second == 10)
    assert terminal.getvalue().count("\r") == 10 and terminal.getvalue().endswith("\n")
    assert "[############------------]  50%  5 lines" in terminal.getvalue()
    assert log.getvalue().splitlines() == [
        " 50%  5 lines, 0 files of sound, 0:05, 0:05 left",
        "100%  10 lines, 0 files of sound, 0:10",
    ]


def test_an_import_that_is_quick_says_nothing_on_the_way(monkeypatch):
    log = io.StringIO()
    Progress(log, None).show(5, 1, 0, last=True)
    assert log.getvalue() == ""
    assert (clock(59), clock(3723)) == ("0:59", "1:02:03")
