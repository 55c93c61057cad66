"""`python -m benchmarks list page ledger archive`, or without names all usual ones: from a fresh clone to one table."""

import os
import sys

if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Python 3.11 or later is needed; this is Python %d.%d (%s)." % (*sys.version_info[:2], sys.executable))  # noqa: UP031

from portal.local import bootstrap

if __name__ == "__main__":
    if not bootstrap.up_to_date([bootstrap.RUNTIME]):
        bootstrap.prepare([bootstrap.RUNTIME])
    if not bootstrap.inside():
        os.chdir(bootstrap.ROOT)
        os.execv(bootstrap.PYTHON, [str(bootstrap.PYTHON), "-m", "benchmarks", *sys.argv[1:]])  # noqa: S606
    from benchmarks.running import main

    sys.exit(main(sys.argv[1:]))
