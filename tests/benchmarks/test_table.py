"""What a benchmark's row says of itself, and which words the command knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.running import MODULES, USUAL, arguments
from benchmarks.table import Row, Target, table


def test_of_times_the_shorter_is_better() -> None:
    row = Row("page", "ms", ours=1.5, limit=0.6, ordinary=12.0)
    assert row.of_limit == pytest.approx(0.4)
    assert row.of_ordinary == pytest.approx(8.0)
    assert row.met is None


def test_of_rates_the_greater_is_better() -> None:
    row = Row("list", "rows/s", ours=100.0, limit=125.0, ordinary=10.0)
    assert row.of_limit == pytest.approx(0.8)
    assert row.of_ordinary == pytest.approx(10.0)


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target(of_limit=0.8, of_ordinary=10), True),
        (Target(of_limit=0.81), False),
        (Target(of_ordinary=10.1), False),
        (Target(at_least=100, at_most=100), True),
        (Target(at_least=101), False),
        (Target(at_most=99), False),
    ],
)
def test_a_row_meets_its_target_only_when_it_meets_all_of_it(target: Target, met: bool) -> None:
    assert Row("list", "rows/s", ours=100.0, limit=125.0, ordinary=10.0, target=target).met is met


def test_a_ratio_that_was_not_measured_meets_no_target() -> None:
    assert Row("list", "rows/s", ours=100.0, target=Target(of_limit=0.1)).met is False


def test_the_table_is_markdown_of_one_width() -> None:
    lines = table(
        [
            Row("page", "ms", 1.2345, None, 10, Target(of_ordinary=7, at_most=2), "by cursor"),
            Row("a list", "rows/s", 119_000, 120_000, 12_000),
        ]
    ).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        "page", "ms", "–", "1.23", "10", "–", "8.10", "≥ 7 × ordinary, ≤ 2", "yes", "by cursor"
    ]  # fmt: skip
    assert [cell.strip() for cell in lines[3].split("|")[3:8]] == ["120,000", "119,000", "12,000", "0.99", "9.92"]


def test_the_command_runs_the_usual_ones_when_none_is_named() -> None:
    parsed = arguments().parse_args([])
    usual = ["list", "page", "search", "vcc", "stats", "ingest", "delete", "ledger", "retention", "peaks", "archive"]
    assert (parsed.modules or list(USUAL)) == usual
    assert set(USUAL) < set(MODULES)
    assert (parsed.rows, parsed.clients, parsed.months) == (1_000_000, 50, 2)


def test_an_unknown_benchmark_is_refused_before_anything_starts() -> None:
    root = Path(__file__).parents[2]
    refused = subprocess.run(
        [sys.executable, "-m", "benchmarks", "lists"], capture_output=True, text=True, check=False, cwd=root
    )
    assert refused.returncode == 2
    assert "there is no benchmark lists" in refused.stderr
