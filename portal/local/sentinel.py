"""The sentinel: waits for the supervisor's death, and then ends what it has left.

Run as `python -m portal.local.sentinel DATA SUPERVISOR`, the latter a process id, with a pipe on stdin that only the
supervisor holds open.
"""

import signal
import sys
from pathlib import Path

from portal.local import orphans
from portal.local.layout import DataDirectory


def main() -> None:
    data, supervisor = DataDirectory(Path(sys.argv[1])), int(sys.argv[2])  # it may be gone by now: no getppid()
    for request in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(request, signal.SIG_IGN)
    sys.stdin.buffer.read()
    if found := orphans.sweep(data, of=supervisor):
        print(f"sentinel: the supervisor {supervisor} is gone; ended what it left: {', '.join(found)}", flush=True)


if __name__ == "__main__":
    main()
