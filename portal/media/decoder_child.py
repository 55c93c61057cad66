"""The decoding child: `python -m portal.media.decoder_child PARENT_PID`. Started by `portal.media.decoder` alone.

Jobs come over standard input and answers go over standard output, each a big-endian uint32 length and that much JSON.
Jobs: `{"do":"inspect","path":…}`, `{"do":"transcode","path":…,"out":…}`, `{"do":"unpack",…}` likewise. Answers:
`{"ok":{…}}` or `{"error":kind,"detail":…}`. It ends when its standard input does or its parent dies. No Django here: it
starts in 0.2 s and holds no secret.
"""

import base64
import ctypes
import dataclasses
import json
import os
import resource
import signal
import struct
import sys
from typing import Any, BinaryIO

LENGTH = struct.Struct(">I")
MEMORY_BYTES = 1024**3
FILE_BYTES = 4 * 1024**3
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def confine(parent: int) -> None:
    """Limits of memory, of file size, no core, no new privileges; and death with the parent."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at the terminal is the parent's to handle
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def answer(job: dict[str, Any]) -> dict[str, Any]:
    """Do one job; every failure that a file can cause becomes an answer."""
    from portal.media import audio

    try:
        if job["do"] == "inspect":
            return {"ok": _inspection(audio.inspect(job["path"]))}
        write = {"transcode": audio.transcode, "unpack": audio.unpack}[job["do"]]
        return {"ok": dataclasses.asdict(write(job["path"], job["out"]))}
    except audio.EmptyAudio as error:
        return {"error": "empty", "detail": str(error)}
    except audio.Undecodable as error:
        return {"error": "undecodable", "detail": str(error)}
    except MemoryError:
        return {"error": "undecodable", "detail": "needs more memory than a recording may"}
    except OSError as error:
        return {"error": "os", "errno": error.errno, "detail": os.strerror(error.errno or 0)}
    except Exception as error:
        return {"error": "undecodable", "detail": type(error).__name__}


def _inspection(found: Any) -> dict[str, Any]:
    return {
        "facts": dataclasses.asdict(found.facts),
        "peaks": base64.b64encode(found.peaks.encode()).decode(),
        "sketch": base64.b64encode(found.sketch).decode(),
        "peak_dbfs": found.peak_dbfs,
    }


def serve(jobs: BinaryIO, answers: BinaryIO) -> None:
    while len(head := jobs.read(LENGTH.size)) == LENGTH.size:
        job = json.loads(jobs.read(LENGTH.unpack(head)[0]))
        body = json.dumps(answer(job)).encode()
        answers.write(LENGTH.pack(len(body)) + body)
        answers.flush()


def main() -> None:
    # Whatever a library prints must not end up between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    confine(int(sys.argv[1]))
    from portal.media import audio  # noqa: F401  (loaded before the first job, within its limits)

    answers.write(LENGTH.pack(0))
    answers.flush()
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
