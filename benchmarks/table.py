"""One measured row, its target, and the table they are printed in.

A benchmark module exposes `run(options) -> list[Row]`. When it is called Django is set up as the serving role on a
database that holds the load data (clients with the slugs `load-1` …; `load-1` has 30 % of all rows), REDIS_URL names a
Redis of the run's own, and both are in the environment for the processes the module starts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

LESS_IS_BETTER = frozenset({"s", "ms", "us", "MB", "relations", "duplicates"})


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says.

    The load data lies in the `months` before `until` (None: ask the data). `scratch` is a directory for a module's own
    files; it is gone after the run.
    """

    rows: int = 1_000_000
    clients: int = 50
    months: int = 2
    until: datetime | None = None
    scratch: Path = Path("var/benchmarks/scratch")
    # Of the load data: the client with 30 % of all rows.
    largest: str = "load-1"


@dataclass(frozen=True, slots=True)
class Target:
    """What is asked of a row; None: nothing. Shares and times are `better than` ratios, whatever the unit."""

    of_limit: float | None = None  # ours is at least this share of the limit (1.0 = as good)
    of_ordinary: float | None = None  # ours is at least so many times as good as the ordinary way
    at_most: float | None = None  # ours in the row's unit
    at_least: float | None = None

    def __str__(self) -> str:
        asked = [
            (self.of_limit, "≥ {:.3g} of limit"),
            (self.of_ordinary, "≥ {:g} × ordinary"),
            (self.at_most, "≤ {:,g}"),
            (self.at_least, "≥ {:,g}"),
        ]
        return ", ".join(text.format(value) for value, text in asked if value is not None)


@dataclass(frozen=True, slots=True)
class Row:
    """`ours`, `limit` and `ordinary` are in `unit` and were measured on the same work in the same run.

    For a unit of LESS_IS_BETTER (times, memory) less is better; for all others (rows/s, req/s, x real time) more is.
    `note` says in a few words what the limit and the ordinary way are, or how the figure was taken.
    """

    work: str
    unit: str
    ours: float
    limit: float | None = None
    ordinary: float | None = None
    target: Target = field(default_factory=Target)
    note: str = ""

    @property
    def of_limit(self) -> float | None:
        """1.0: as good as the limit; 0.5: half as good."""
        return self._better_than(self.limit)

    @property
    def of_ordinary(self) -> float | None:
        """8.0: eight times as good as the ordinary way."""
        return self._better_than(self.ordinary)

    @property
    def met(self) -> bool | None:
        """Whether every target is met; None where there is none."""
        target = self.target
        checks = [
            target.of_limit is None or (self.of_limit or 0.0) >= target.of_limit,
            target.of_ordinary is None or (self.of_ordinary or 0.0) >= target.of_ordinary,
            target.at_most is None or self.ours <= target.at_most,
            target.at_least is None or self.ours >= target.at_least,
        ]
        return None if target == Target() else all(checks)

    def _better_than(self, other: float | None) -> float | None:
        if other is None:
            return None
        worse, better = (other, self.ours) if self.unit not in LESS_IS_BETTER else (self.ours, other)
        return better / worse if worse else None


HEADINGS = ("work", "unit", "limit", "ours", "ordinary", "of limit", "× ordinary", "target", "met", "note")


def number(value: float | None) -> str:
    """Three digits that mean something: 119,000 and 0.273."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    met = {None: "", True: "yes", False: "NO"}[row.met]
    ratios = tuple("–" if ratio is None else f"{ratio:.2f}" for ratio in (row.of_limit, row.of_ordinary))
    figures = (number(row.limit), number(row.ours), number(row.ordinary))
    return (row.work, row.unit, *figures, *ratios, str(row.target), met, row.note)


def table(rows: Iterable[Row]) -> str:
    """A Markdown table with aligned columns, as it is pasted into docs."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    texts = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([texts[0], rule, *texts[1:]])
