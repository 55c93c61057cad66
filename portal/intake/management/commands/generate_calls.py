"""generate_calls: synthetic load data."""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import Error as DatabaseError

from portal.clients.management.command import JsonCommand
from portal.intake.synthetic.generating import generate
from portal.intake.synthetic.loading import Loaded
from portal.intake.synthetic.plan import Order

SECONDS_BETWEEN_LINES = 5.0


class Command(JsonCommand):
    help = (
        "Load synthetic calls, for benchmarks and demonstrations: ROWS legs of the clients load-1 … load-N over the"
        " last MONTHS months. load-1 has 30 % of them, the others share the rest. The clients are made where they are"
        " not there yet. The same --seed and --until again add nothing, or what an interrupted run left out."
        " Afterwards the owner of the tables may run ANALYZE; autovacuum does it within a minute otherwise."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clients", type=from_one, required=True, help="how many clients")
        parser.add_argument("--months", type=from_one, default=12, help="how far back (default 12)")
        parser.add_argument("--rows", type=from_one, required=True, help="how many legs (CDRs) in all")
        parser.add_argument(
            "--media",
            type=from_zero,
            default=0,
            metavar="K",
            help="recordings with audio for each client (fewer where too few calls were answered), and a quarter as"
            " many voice messages; up to 24 different sounds, each recording with a file of its own. Default 0: no"
            " recordings",
        )
        parser.add_argument(
            "--records",
            action="store_true",
            help="a recording for EVERY answered leg, and all voice messages, as rows for lists and counters: those"
            " beyond --media have a size but no file, and playing them answers 404",
        )
        parser.add_argument("--seed", type=from_zero, default=1, help="another number is another story (default 1)")
        parser.add_argument("--until", type=moment, help="end of the period, like 2026-10-01T00:00:00Z (default now)")

    def perform(self, options: dict[str, Any]) -> dict[str, Any]:
        order = Order(
            clients=options["clients"],
            months=options["months"],
            rows=options["rows"],
            until=options["until"] or datetime.now(UTC).replace(microsecond=0),
            media=options["media"],
            listed=options["records"],
            seed=options["seed"],
        )
        progress = Progress(order.rows)
        began = time.monotonic()
        try:
            made = generate(order, progress)
        except (DatabaseError, OSError) as error:
            raise CommandError(f"{progress.stand}; then: {in_a_line(error)}. {going_on(order)}") from error
        except KeyboardInterrupt:
            raise CommandError(f"Interrupted: {progress.stand}. {going_on(order)}", returncode=130) from None
        return {
            "clients": order.clients,
            "calls": made.calls,
            "cdrs": made.cdrs,
            "recordings": made.recordings,
            "voicemessages": made.voicemessages,
            "skipped": made.skipped,
            "seconds": round(time.monotonic() - began, 1),
        }


class Progress:
    """Says on stderr how far it is: in place on a terminal, else a line now and then."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.stand = "Nothing was stored"
        self._said = time.monotonic()

    def __call__(self, so_far: Loaded) -> None:
        done = so_far.cdrs + so_far.skipped
        self.stand = f"{done:,} of {self.rows:,} CDRs are stored"
        terminal = sys.stderr.isatty()
        if done < self.rows and time.monotonic() - self._said < (0.1 if terminal else SECONDS_BETWEEN_LINES):
            return
        self._said = time.monotonic()
        end = "\n" if not terminal or done >= self.rows else ""
        print(f"\r{self.stand}" if terminal else self.stand, end=end, file=sys.stderr, flush=True)


def going_on(order: Order) -> str:
    return f"The same command with --seed {order.seed} --until {order.until:%Y-%m-%dT%H:%M:%SZ} goes on"


def in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def from_one(text: str) -> int:
    return whole(text, 1)


def from_zero(text: str) -> int:
    return whole(text, 0)


def whole(text: str, least: int) -> int:
    if not text.isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(f"a whole number from {least} is needed, not {text!r}")
    return int(text)


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(f"a time with an offset is needed, like 2026-10-01T00:00:00Z, not {text!r}")
    return found.astimezone(UTC).replace(microsecond=0)
