"""The command: servers up, load data in, each named module run, one table out."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Sequence

from benchmarks import database, machine
from benchmarks.table import Options, Row, table
from portal.local.errors import Refused

USUAL = ("list", "page", "search", "vcc", "stats", "ingest", "delete", "ledger", "retention", "peaks", "archive")
MODULES = (*USUAL, "partitions")


def main(argv: Sequence[str]) -> int:
    """0 when all ran, whatever the figures; 1 when something could not be run; 2 for arguments it does not know."""
    parser = arguments()
    options = parser.parse_args(argv)
    options.modules = options.modules or list(USUAL)
    if unknown := set(options.modules).difference(MODULES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(MODULES)}")
    data = database.directory(options.rows, options.clients, options.months)
    try:
        if options.fresh:
            database.forget(data)
        with database.servers(data):
            return measure(options, data)
    except Refused as refusal:
        print(refusal, file=sys.stderr)
        return 1


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure the portal beside the limit and beside the ordinary way (docs/benchmarks.md).",
    )
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(MODULES)}; {' '.join(USUAL)}")
    parser.add_argument("--rows", type=int, default=1_000_000, help="legs of the load data (default 1,000,000)")
    parser.add_argument("--clients", type=int, default=50, help="its clients (default 50); one has 30 %% of the legs")
    parser.add_argument("--months", type=int, default=2, help="its period (default 2; see the docs)")
    parser.add_argument("--fresh", action="store_true", help="throw away the data kept by an earlier run")
    return parser


def measure(asked: argparse.Namespace, data: database.DataDirectory) -> int:
    import django

    django.setup()
    until = database.fill(data, asked.rows, asked.clients, asked.months)
    print("\n".join(f"- {name}: {value}" for name, value in machine.facts()), flush=True)
    print(f"- load data: {asked.rows:,} legs of {asked.clients} clients over {asked.months} months\n", flush=True)
    rows: list[Row] = []
    failed = []
    with database.scratch(data) as scratch:
        options = Options(rows=asked.rows, clients=asked.clients, months=asked.months, until=until, scratch=scratch)
        for name in asked.modules:
            began = time.monotonic()
            try:
                rows += importlib.import_module(f"benchmarks.{name}").run(options)
            except Exception:
                traceback.print_exc()
                failed.append(name)
            print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(table(rows))
    if failed:
        print(f"Not measured, for the reasons above: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0
