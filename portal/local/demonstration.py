"""The demo clients: loaded once, into a new embedded data directory; their sign-ins and programs kept beside it."""

import argparse
import json
import os
from datetime import UTC, datetime
from pathlib import Path

from portal.local.errors import Refused
from portal.local.layout import DataDirectory
from portal.local.steps import Steps, say

SIGN_INS = "demo_sign_ins.json"
PROGRAMS = "demo_programs.json"
WANTED = "demo.wanted"


def wanted(data: DataDirectory, options: argparse.Namespace) -> bool:
    """Whether this start is to load it. Ask before the database is made; an interrupted start is still owed it."""
    if options.no_demo or (data.root / SIGN_INS).exists():
        return False
    new = not os.environ.get("DATABASE_URL") and not (data.root / "postgres").exists()
    if new or options.demo:
        (data.run / WANTED).touch()
    return (data.run / WANTED).exists()


def begin(data: DataDirectory, steps: Steps) -> None:
    """Begin `load_demo` as the step `demo`. The mark of what is wanted keeps the moment that the story ends: with it an
    interrupted load goes on.
    """
    mark = data.run / WANTED
    begun = mark.read_text()
    until = begun or datetime.now(UTC).isoformat()
    mark.write_text(until)
    again = ["--again"] if begun else []
    steps.begin("demo", "load_demo", "--until", until, *again, then=lambda printed: keep_told(data, printed))


def keep_told(data: DataDirectory, printed: str) -> None:
    """Keep what `load_demo` printed; its last line is {"sign_ins": [{"login", "password", "what"}, …],
    "programs": [{"name", "type", "client_id", "client_secret", "what"}, …]}.
    """
    try:
        told = json.loads(printed.strip().splitlines()[-1])
        sign_ins, programs = told["sign_ins"], told.get("programs", [])
    except (IndexError, ValueError, KeyError) as error:
        raise Refused("`manage.py load_demo` did not print its sign-ins.") from error
    keep(data.root / PROGRAMS, programs)
    keep(data.root / SIGN_INS, sign_ins)
    (data.run / WANTED).unlink()


def keep(place: Path, entries: list[dict[str, str]]) -> None:
    """For this user alone."""
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(entries, file, indent=1)


def kept(place: Path) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(place.read_text()) if place.exists() else []
    return found


def tell(data: DataDirectory) -> None:
    if sign_ins := kept(data.root / SIGN_INS):
        say("  Sign in as")
        for entry in sign_ins:
            say(f"    {entry['login']:<18} {entry['password']:<22} {entry['what']}")
        say("")
    if programs := kept(data.root / PROGRAMS):
        say("  Programs ask for tokens as")
        for entry in programs:
            say(f"    {entry['name']:<18} {entry['type']:<22} {entry['what']}")
            say(f"      client_id        {entry['client_id']}")
            say(f"      client_secret    {entry['client_secret'] or 'none'}")
        say("")
