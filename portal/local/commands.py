"""Which part of the front door answers a command."""

import sys

from portal.local import environment
from portal.local.errors import Refused


def main(argv: list[str]) -> int:
    """Run the command; the exit code. What cannot be done is said in one sentence on stderr, with exit code 1."""
    try:
        return answer(argv)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1


def answer(argv: list[str]) -> int:
    environment.demand()
    match argv[:1]:
        case ["up"]:
            from portal.local import up

            return up.main(argv[1:])
        case ["test"]:
            from portal.local import suite

            return suite.main(argv[1:])
    from portal.local import management

    management.run(argv)
    return 0
