"""Decoding in child processes: what a stranger's file does to a decoder, it does to a child with limits.

`inspect`, `transcode` and `unpack` may be called from any thread of any process. The children start with the first job,
stay for the next, and die with this process. One that overruns its time, its memory or crashes is killed and replaced.
A process made by fork gets its own children.
"""

import atexit
import base64
import json
import os
import select
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from portal.media.decoder_child import LENGTH
from portal.media.facts import AudioFacts, EmptyAudio, Inspection, Undecodable
from portal.media.peaks import Peaks

CHILDREN = 2
START_SECONDS = 30.0
# The slowest decoder we have (Opus, 300 x real time) takes 0.6 MB/s at 16 kbit/s; the longest recording, 20 minutes.
JOB_SECONDS, JOB_BYTES_PER_SECOND, MOST_JOB_SECONDS = 60.0, 250_000, 1800.0
JOBS_PER_CHILD = 1000
ANSWER_BYTES = 1_000_000
_ROOT = Path(__file__).resolve().parents[2]


class ChildCrashed(Exception):
    """The child died at its job or answered nonsense."""


class ChildTimedOut(Exception):
    """The child did not answer in time and was killed."""


class Child:
    """One decoding process, used by one thread at a time."""

    def __init__(self) -> None:
        self.jobs = 0
        # An own environment: the child gets none of our secrets. One thread: OpenBLAS would reserve its memory limit.
        environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "portal.media.decoder_child", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=environment,
            bufsize=0,
        )
        try:
            self._receive(time.monotonic() + START_SECONDS)
        except Exception:
            self.kill()
            raise

    @property
    def usable(self) -> bool:
        return self.process.poll() is None and self.jobs < JOBS_PER_CHILD

    def ask(self, job: dict[str, str], seconds: float) -> dict[str, Any]:
        """The answer to one job; ChildCrashed or ChildTimedOut, after which this child is dead."""
        self.jobs += 1
        body = json.dumps(job).encode()
        try:
            assert self.process.stdin is not None
            self.process.stdin.write(LENGTH.pack(len(body)) + body)
            return json.loads(self._receive(time.monotonic() + seconds))
        except (OSError, ValueError) as error:
            self.kill()
            raise ChildCrashed(str(error)) from error
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.close()

    def close(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _receive(self, deadline: float) -> bytes:
        (length,) = LENGTH.unpack(self._read(LENGTH.size, deadline))
        if length > ANSWER_BYTES:
            raise ChildCrashed("an answer too long")
        return self._read(length, deadline)

    def _read(self, size: int, deadline: float) -> bytes:
        assert self.process.stdout is not None
        descriptor = self.process.stdout.fileno()
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        data = b""
        while len(data) < size:
            left = deadline - time.monotonic()
            if left <= 0 or not waiting.poll(left * 1000):
                raise ChildTimedOut
            piece = os.read(descriptor, size - len(data))
            if not piece:
                raise ChildCrashed(f"the decoder ended with {self.process.wait()}")
            data += piece
        return data


class Pool:
    """At most `size` children of this process; a caller waits for a free one."""

    def __init__(self, size: int = CHILDREN) -> None:
        self._free: list[Child] = []
        self._permits = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        # A child dies with the *thread* that started it (PR_SET_PDEATHSIG): this one lives as long as the process.
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="decoder-starter")

    def ask(self, job: dict[str, str], seconds: float) -> dict[str, Any]:
        """One job on one child; once more, on a new one, where it died: that may not have been the file's doing."""
        with self._permits:
            try:
                return self._ask(self._take(), job, seconds)
            except ChildCrashed:
                return self._ask(self._start(), job, seconds)

    def close(self) -> None:
        """Kill the children that are free."""
        with self._lock:
            free, self._free = self._free, []
        for child in free:
            child.kill()

    def forget(self) -> None:
        """In a forked process: the children are another's. Close our copies of their pipes, touch nothing else."""
        for child in self._free:
            child.close()

    def _ask(self, child: Child, job: dict[str, str], seconds: float) -> dict[str, Any]:
        answer = child.ask(job, seconds)
        with self._lock:
            self._free.append(child)
        return answer

    def _take(self) -> Child:
        with self._lock:
            child = self._free.pop() if self._free else None
        if child is not None:
            if child.usable:
                return child
            child.kill()
        return self._start()

    def _start(self) -> Child:
        return self._starter.submit(Child).result()


_pool = Pool()


def _after_fork() -> None:
    global _pool
    _pool.forget()
    _pool = Pool()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(lambda: _pool.close())


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """`audio.inspect` in a child: facts, peaks, sketch and loudness of the file at `path`, in one decoding pass.

    Undecodable for what no decoder knows, or that took too much time or memory; EmptyAudio for nothing inside;
    FileNotFoundError and other OSError as opening the file would raise them.
    """
    answer = _do({"do": "inspect", "path": os.fspath(path)})
    return Inspection(
        facts=AudioFacts(**answer["facts"]),
        peaks=Peaks.decode(base64.b64decode(answer["peaks"])),
        sketch=base64.b64decode(answer["sketch"]),
        peak_dbfs=tuple(answer["peak_dbfs"]),
    )


def transcode(path: str | os.PathLike[str], out_path: str | os.PathLike[str]) -> AudioFacts:
    """`audio.transcode` in a child: `path` as mp3 to `out_path`. Errors as `inspect`; `out_path` is removed then."""
    return _written("transcode", path, out_path)


def unpack(path: str | os.PathLike[str], out_path: str | os.PathLike[str]) -> AudioFacts:
    """`audio.unpack` in a child: `path` as wav to `out_path`. Errors as `transcode`."""
    return _written("unpack", path, out_path)


def _written(do: str, path: str | os.PathLike[str], out_path: str | os.PathLike[str]) -> AudioFacts:
    try:
        return AudioFacts(**_do({"do": do, "path": os.fspath(path), "out": os.fspath(out_path)}))
    except BaseException:
        Path(out_path).unlink(missing_ok=True)
        raise


def _do(job: dict[str, str]) -> dict[str, Any]:
    seconds = min(JOB_SECONDS + Path(job["path"]).stat().st_size / JOB_BYTES_PER_SECOND, MOST_JOB_SECONDS)
    job = {name: value if name == "do" else str(Path(value).absolute()) for name, value in job.items()}
    try:
        answer = _pool.ask(job, seconds)
    except ChildTimedOut:
        raise Undecodable(f"not decoded within {seconds:.0f} s") from None
    except ChildCrashed as error:
        raise Undecodable("the decoder died of this file") from error
    if "ok" in answer:
        return answer["ok"]
    if answer["error"] == "os":
        raise OSError(answer["errno"], answer["detail"], job["path"])
    raise (EmptyAudio if answer["error"] == "empty" else Undecodable)(answer["detail"])
