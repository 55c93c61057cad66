"""The decoding child: what a file does to it, it does to no one else."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from portal.media import audio, decoder, decoder_child
from portal.media.facts import EmptyAudio, Undecodable
from tests.portal.media.sounds import noise, stereo, tone, write, write_mp3


@pytest.fixture
def call(tmp_path: Path) -> Path:
    return write_mp3(tmp_path / "call.mp3", stereo(tone(2), noise(2)))


def children() -> list[int]:
    return [child.process.pid for child in decoder._pool._free]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive(pid)


def test_the_child_finds_what_decoding_here_finds(call: Path) -> None:
    assert decoder.inspect(call) == audio.inspect(call)


def test_a_copy_is_made_and_a_failed_one_leaves_nothing(tmp_path: Path, call: Path) -> None:
    assert decoder.transcode(call, tmp_path / "copy.mp3").channels == 2
    assert decoder.inspect(tmp_path / "copy.mp3").facts.duration_seconds == pytest.approx(2, abs=0.3)
    (tmp_path / "bad.wav").write_bytes(b"%PDF-1.7")
    with pytest.raises(Undecodable):
        decoder.transcode(tmp_path / "bad.wav", tmp_path / "bad.mp3")
    assert not (tmp_path / "bad.mp3").exists()


def test_errors_come_back_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(EmptyAudio):
        decoder.inspect(tmp_path / "empty")
    with pytest.raises(Undecodable, match="no decoder"):
        decoder.inspect(tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        decoder.inspect(tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        decoder.inspect(tmp_path)


def test_the_child_stays_for_the_next_file(call: Path) -> None:
    decoder.inspect(call)
    before = children()
    decoder.inspect(call)
    assert children() == before


def test_a_child_that_was_killed_is_replaced(call: Path) -> None:
    decoder.inspect(call)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert decoder.inspect(call).facts.codec == "mp3"


def test_a_file_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Path) -> None:
    decoder.inspect(call)
    before = children()
    long = write(tmp_path / "long.ogg", noise(120), format="OGG", subtype="OPUS")
    monkeypatch.setattr(decoder, "JOB_SECONDS", 0.02)
    monkeypatch.setattr(decoder, "JOB_BYTES_PER_SECOND", 1e12)
    with pytest.raises(Undecodable, match="not decoded within"):
        decoder.inspect(long)
    monkeypatch.undo()
    assert any(gone_within(pid, 2) for pid in before)
    assert decoder.inspect(call).facts.codec == "mp3"


def test_a_header_that_asks_for_all_memory_gets_none(tmp_path: Path) -> None:
    """A wav that claims 2 GB of a second at 65,535 channels; and one that is true to 16 channels."""
    header = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", 0xFFFFFFF0, b"WAVE", b"fmt ", 16, 1, 65535, 2**31, 2**32 - 1, 65534, 8
    )
    (tmp_path / "bomb.wav").write_bytes(header + struct.pack("<4sI", b"data", 0xFFFFFF00) + b"\x01" * 100_000)
    with pytest.raises(Undecodable):
        decoder.inspect(tmp_path / "bomb.wav")
    fair = write(tmp_path / "fair.wav", np.ones((8000, 16), np.int16), 96000)
    assert decoder.inspect(fair).facts.channels == 16


def test_memory_of_the_child_is_limited(tmp_path: Path) -> None:
    program = (
        "import os, sys; from portal.media import decoder_child as child; child.confine(os.getppid())\n"
        "try: bytearray(child.MEMORY_BYTES)\nexcept MemoryError: print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=decoder._ROOT, check=True
    )
    assert done.stdout == "refused\n"


@pytest.mark.parametrize("crash", ["os.kill(os.getpid(), 11)", "os._exit(3)"])
def test_a_file_that_kills_the_decoder_is_undecodable(monkeypatch: pytest.MonkeyPatch, call: Path, crash: str) -> None:
    """The file is tried twice, by two children, and both fall."""
    pids: list[int] = []
    started = decoder.Child.ask

    def ask(self: Any, job: dict[str, str], seconds: float) -> dict[str, Any]:
        pids.append(self.process.pid)
        os.kill(self.process.pid, signal.SIGSEGV if "kill" in crash else signal.SIGTERM)
        return started(self, job, seconds)

    monkeypatch.setattr(decoder.Child, "ask", ask)
    with pytest.raises(Undecodable, match="died of this file"):
        decoder.inspect(call)
    monkeypatch.undo()
    assert len(set(pids)) == 2
    assert decoder.inspect(call).facts.codec == "mp3"


def test_many_threads_share_two_children(call: Path) -> None:
    results: list[float] = []
    threads = [
        threading.Thread(target=lambda: results.append(decoder.inspect(call).facts.duration_seconds)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert len(set(results)) == 1
    assert 1 <= len(children()) <= decoder.CHILDREN


def test_a_child_outlives_the_thread_that_first_asked(call: Path) -> None:
    decoder._pool.close()
    thread = threading.Thread(target=decoder.inspect, args=[call])
    thread.start()
    thread.join()
    (pid,) = children()
    time.sleep(0.1)
    assert alive(pid)


PARENT = """
import os, sys, time
from portal.media import decoder
decoder.inspect(sys.argv[1])
print(decoder._pool._free[0].process.pid, flush=True)
if os.fork() == 0:
    decoder.inspect(sys.argv[1])
    print(decoder._pool._free[0].process.pid, flush=True)
time.sleep(60)
"""


def test_forked_processes_have_children_of_their_own_and_none_outlives_its_parent(call: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(call)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=decoder._ROOT,
        start_new_session=True,
    )
    assert parent.stdout is not None
    try:
        first, second = int(parent.stdout.readline()), int(parent.stdout.readline())
        assert first != second
        assert alive(first)
        assert alive(second)
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.wait()
        parent.stdout.close()
    assert gone_within(first, 3)
    assert gone_within(second, 3)


def test_the_child_has_none_of_our_environment(monkeypatch: pytest.MonkeyPatch, call: Path) -> None:
    decoder._pool.close()
    monkeypatch.setenv("SECRET_KEY", "not-for-the-child")
    decoder.inspect(call)
    environment = Path(f"/proc/{children()[0]}/environ").read_bytes()
    assert b"SECRET_KEY" not in environment
    assert b"DATABASE_URL" not in environment


def test_the_child_imports_no_django() -> None:
    program = "import sys, portal.media.decoder_child, portal.media.audio; print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=decoder._ROOT, check=True
    )
    assert done.stdout == "False\n"


def test_any_failure_of_a_job_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for error, kind in ((MemoryError(), "undecodable"), (ValueError("x"), "undecodable"), (OSError(5, "io"), "os")):

        def fail(path: str, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr(audio, "inspect", fail)
        assert decoder_child.answer({"do": "inspect", "path": "x"})["error"] == kind


def test_all_children_killed_at_once_cost_no_recording(call: Path) -> None:
    """The second try must not meet the next dead one: a good file would be called undecodable for ever."""
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(decoder.inspect, [call] * 4))
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    assert decoder.inspect(call).facts.codec == "mp3"
    assert decoder.inspect(call).facts.codec == "mp3"
