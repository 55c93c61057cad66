#!/usr/bin/env python3
"""The front door: `./manage.py up`, `./manage.py test`, and every other command, on a machine that has only Python."""

import sys

# Said before anything newer than old Pythons can read is imported.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("Python 3.11 or later is needed; this is Python %d.%d (%s)." % (*sys.version_info[:2], sys.executable))  # noqa: UP031

from portal.local import bootstrap

if __name__ == "__main__":
    bootstrap.enter(sys.argv)
    from portal.local.commands import main

    sys.exit(main(sys.argv[1:]))
