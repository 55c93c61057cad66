"""The committed spool is what `make_spool.py` writes, with the faults its catalogue names."""

import csv
import filecmp
import json
import runpy
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SPOOL = HERE / "spool"
CATALOGUE = json.loads((HERE / "spool.json").read_text())
make_spool = runpy.run_path(str(HERE / "make_spool.py"))


@pytest.fixture(scope="module")
def rows() -> list[list[str]]:
    text = (SPOOL / "cdr-csv" / "Master.csv").read_bytes().decode("utf-8", "surrogateescape")
    return list(csv.reader(text.splitlines()))


def of(fault: str) -> dict:
    (row,) = [row for row in CATALOGUE["rows"] if row["fault"] == fault]
    return row


def files(folder: Path) -> set[Path]:
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def test_the_script_writes_what_is_committed(tmp_path):
    make_spool["write"](tmp_path / "spool")
    assert files(tmp_path / "spool") == files(SPOOL)
    same = {path for path in files(SPOOL) if filecmp.cmp(tmp_path / "spool" / path, SPOOL / path, shallow=False)}
    # Another version of the mp3 encoder may write other bytes for the same sound; all else is exact.
    assert {path.suffix for path in files(SPOOL) - same} <= {".mp3"}
    assert json.loads((tmp_path / "spool.json").read_text()) == CATALOGUE


def test_it_is_small():
    assert sum((SPOOL / path).stat().st_size for path in files(SPOOL)) < 300_000


def test_every_row_but_the_torn_one_has_eighteen_columns(rows):
    assert [len(row) for row in rows if len(row) != 18] == [5]
    assert len(rows[of("too_few_columns")["line"] - 1]) == 5
    assert [row[16] for row in rows if len(row) == 18] == [
        row["uniqueid"] for row in CATALOGUE["rows"] if row["fault"] != "too_few_columns"
    ]


def test_the_faults_are_there(rows):
    monitor = SPOOL / "monitor"
    assert not (monitor / of("missing")["media"]).exists()
    assert (monitor / of("empty")["media"]).stat().st_size == 0
    assert (monitor / of("undecodable")["media"]).read_bytes().startswith(b"%PDF")
    assert "\udceb" in rows[of("broken_utf8")["line"] - 1][4]
    assert not (monitor / of("path_up")["media"]).resolve().is_relative_to(monitor.resolve())
    assert of("path_absolute")["media"].startswith("/")
    assert rows[11][17].endswith(f";linkedid={rows[10][16]}")


def test_every_other_recording_is_there():
    sound = [row for row in CATALOGUE["rows"] if row["media"] and row["fault"] in (None, "unknown_extension", "cut")]
    assert all((SPOOL / "monitor" / row["media"]).stat().st_size > 1_000 for row in sound)


def test_links_that_lead_out_are_made_in_a_copy(tmp_path):
    make_spool["write"](tmp_path / "spool")
    secret = tmp_path / "secret" / "file.mp3"
    secret.parent.mkdir()
    secret.write_bytes(b"not for you")
    recording, mailbox = make_spool["link_out"](tmp_path / "spool", secret)
    assert recording.read_bytes() == b"not for you"
    assert (mailbox / "file.mp3").is_file()
