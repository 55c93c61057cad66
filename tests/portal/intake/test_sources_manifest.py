"""Lines of a manifest, read as facts with their files."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.intake.sources.entries import BadSource, Entry, Kind, Sound
from portal.intake.sources.lines import LONGEST_LINE
from portal.intake.sources.manifest import Manifest
from portal.intake.spool import OutsideSpool, Unreachable

CALL = {"source": "pbx", "source_id": "c1", "direction": "in", "started_at": "2026-09-28T12:04:10Z", "legs": []}


def manifest(folder: Path, *lines: bytes | dict) -> Manifest:
    body = b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)
    (folder / "manifest.ndjson").write_bytes(body)
    return Manifest(folder)


def entries(folder: Path, *lines: bytes | dict) -> list[Entry]:
    return list(manifest(folder, *lines).read(0, 0))


def test_a_line_is_a_call_or_a_call_with_what_was_recorded(tmp_path):
    bare, wrapped, alone, message = entries(
        tmp_path,
        CALL,
        {
            "call": CALL,
            "recordings": [{"source_id": "r1", "file": "a.mp3"}, {"source_id": "r2", "leg": "l1", "source": "other"}],
            "voicemessages": [{"source_id": "v1", "file": "v.wav"}],
        },
        {"recording": {"source": "pbx", "source_id": "r3", "file": "b.mp3"}},
        {"voicemessage": {"source": "pbx", "source_id": "v2"}},
    )
    assert bare.facts.body == wrapped.facts.body == orjson.dumps(CALL) and bare.sounds == []
    assert bare.facts.facts.source_id == "c1" and bare.facts.result is None
    assert wrapped.sounds == [
        Sound(Kind.RECORDING, {"source_id": "r1", "source": "pbx", "call": "c1"}, "a.mp3"),
        Sound(Kind.RECORDING, {"source_id": "r2", "leg": "l1", "source": "other"}, None),
        Sound(Kind.VOICEMESSAGE, {"source_id": "v1", "source": "pbx"}, "v.wav"),
    ]
    assert alone.facts is None and alone.sounds == [
        Sound(Kind.RECORDING, {"source": "pbx", "source_id": "r3"}, "b.mp3")
    ]
    assert message.sounds == [Sound(Kind.VOICEMESSAGE, {"source": "pbx", "source_id": "v2"}, None)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{not json", "not JSON"),
        (b"[]", "not an object"),
        (b'"text"', "not an object"),
        ({"call": CALL, "more": 1}, "more: no such field"),
        ({"call": []}, "call: an object is needed"),
        ({"call": None, "recordings": []}, "neither a call"),
        ({"recordings": {}}, "recordings: a list is needed"),
        ({"recordings": [3]}, "recordings.0: an object is needed"),
        ({"recording": {"file": 3}}, "recording.file: a path is needed"),
        (b"{" + b" " * LONGEST_LINE + b"}", "longer than 1 MiB"),
    ],
)
def test_a_line_that_says_no_such_thing_is_refused_and_the_next_one_read(tmp_path, line, reason):
    bad, good = entries(tmp_path, line, CALL)
    assert reason in bad.error and bad.facts is None and bad.sounds == []
    assert good.error is None and good.line == 2 and good.facts.body == orjson.dumps(CALL)


def test_empty_lines_and_a_byte_order_mark_are_passed_over(tmp_path):
    (tmp_path / "m.ndjson").write_bytes(b"\xef\xbb\xbf" + orjson.dumps(CALL) + b"\r\n\n\r\n" + orjson.dumps(CALL))
    first, last = Manifest(tmp_path / "m.ndjson").read(0, 0)
    assert (first.line, last.line, first.error, last.error) == (1, 4, None, None)


def test_a_packed_manifest_is_read_from_any_line(tmp_path):
    path = tmp_path / "manifest.ndjson.gz"
    path.write_bytes(gzip.compress(b"".join(orjson.dumps(CALL | {"source_id": str(n)}) + b"\n" for n in range(9))))
    first, *rest = Manifest(tmp_path).read(0, 0)
    again = list(Manifest(path).read(first.end, first.line))
    assert [entry.facts.facts.source_id for entry in again] == [str(n) for n in range(1, 9)]
    assert [entry.line for entry in again] == [entry.line for entry in rest]


def test_files_are_found_beside_the_manifest_and_nowhere_else(tmp_path):
    folder = tmp_path / "in"
    (folder / "audio").mkdir(parents=True)
    (folder / "audio" / "a.mp3").write_bytes(b"sound")
    (tmp_path / "secret.mp3").write_bytes(b"not for you")
    (folder / "link.mp3").symlink_to(tmp_path / "secret.mp3")
    source = manifest(folder, CALL)
    with source.open(Sound(Kind.RECORDING, {}, "audio/a.mp3")) as file:
        assert file.read() == b"sound"
    for path in ("../secret.mp3", str(tmp_path / "secret.mp3"), "audio/../../secret.mp3"):
        with pytest.raises(OutsideSpool):
            source.open(Sound(Kind.RECORDING, {}, path))
    for path in ("link.mp3", "none.mp3", "audio"):
        with pytest.raises(Unreachable):
            source.open(Sound(Kind.RECORDING, {}, path))


def test_a_path_without_a_manifest_is_refused(tmp_path):
    with pytest.raises(BadSource, match=r"holds no manifest\.ndjson"):
        Manifest(tmp_path)
    with pytest.raises(BadSource, match="no such file"):
        Manifest(tmp_path / "none.ndjson")


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_no_bytes_bring_the_reader_down(tmp_path_factory, lines):
    for entry in entries(tmp_path_factory.mktemp("manifest"), *lines):
        try:
            data = orjson.loads(entry.raw)
        except orjson.JSONDecodeError:
            data = None
        assert isinstance(data, dict) or entry.error


def test_a_line_that_brings_the_reader_down_costs_no_other(tmp_path, monkeypatch, caplog):
    def sounding(path, kind, data, call):
        raise ZeroDivisionError

    monkeypatch.setattr("portal.intake.sources.manifest._sound", sounding)
    found = entries(tmp_path, CALL, {"call": CALL, "recordings": [{"source_id": "r1"}]}, CALL)
    assert [entry.error for entry in found] == [None, "cannot be read: ZeroDivisionError", None]
    assert found[1].facts is None and b'"r1"' in found[1].raw and "line 2" in caplog.text


@pytest.mark.parametrize("deep", [300, 900])
def test_a_line_too_deep_to_be_written_again_is_refused_whole(tmp_path, deep):
    body = b'{"call": {"source": "pbx", "metadata": ' + b'{"a":' * deep + b"1" + b"}" * deep + b"}}"
    found = entries(tmp_path, body, CALL)
    assert found[0].error == "objects and lists in each other are too deep" and found[0].raw == body
    assert found[1].error is None
