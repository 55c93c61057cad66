"""The demo clients: loaded once, into a new embedded data directory; their sign-ins kept beside it."""

import argparse
import json
import os
from datetime import UTC, datetime

from portal.local.errors import Refused
from portal.local.layout import DataDirectory
from portal.local.steps import Steps, say

SIGN_INS = "demo_sign_ins.json"
WANTED = "demo.wanted"


def wanted(data: DataDirectory, options: argparse.Namespace) -> bool:
    """Whether this start is to load it. Ask before the database is made; an interrupted start is still owed it."""
    if options.no_demo or (data.root / SIGN_INS).exists():
        return False
    new = not os.environ.get("DATABASE_URL") and not (data.root / "postgres").exists()
    if new or options.demo:
        (data.run / WANTED).touch()
    return (data.run / WANTED).exists()


def load(data: DataDirectory, steps: Steps) -> None:
    """Runs `load_demo`, whose last line is {"sign_ins": [{"login", "password", "what"}, …]}.

    The mark of what is wanted keeps the moment that the story ends: with it an interrupted load goes on.
    """
    mark = data.run / WANTED
    begun = mark.read_text()
    until = begun or datetime.now(UTC).isoformat()
    mark.write_text(until)
    printed = steps.command("load_demo", "--until", until, *(["--again"] if begun else [])).strip().splitlines()
    try:
        sign_ins = json.loads(printed[-1])["sign_ins"]
    except (IndexError, ValueError, KeyError) as error:
        raise Refused("`manage.py load_demo` did not print its sign-ins.") from error
    handle = os.open(data.root / SIGN_INS, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(sign_ins, file, indent=1)
    mark.unlink()


def tell(data: DataDirectory) -> None:
    place = data.root / SIGN_INS
    if place.exists():
        say("  Sign in as")
        for entry in json.loads(place.read_text()):
            say(f"    {entry['login']:<18} {entry['password']:<22} {entry['what']}")
        say("")
