"""A supervisor with three small children, to be ended in every way. Run as `… small_installation DATA`.

`first` and `second` each start a process of their own that ends at no request; `second` writes down its end.
"""

import signal
import sys
from pathlib import Path

from portal.local.layout import DataDirectory
from portal.local.supervisor import Child, Supervisor

WITH_STUBBORN_CHILD = """
import signal, subprocess, sys, time
stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", stubborn])
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
while True:
    time.sleep(600)
"""


def main(root: Path) -> None:
    data = DataDirectory(root)
    data.prepare()
    supervisor = Supervisor(data, lambda line: print(line, flush=True))
    for name in ("first", "second"):
        command = [sys.executable, "-c", WITH_STUBBORN_CHILD, str(root / "ends"), name]
        supervisor.start(Child(name, command, stop=((signal.SIGTERM, 2.0),)))
    try:
        supervisor.watch(lambda: None)
    finally:
        supervisor.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
