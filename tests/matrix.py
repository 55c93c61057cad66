"""`pytest --matrix`: clause of a paper -> tests that prove it; a clause of a finished part without one fails the run.

The clauses stand in `clauses.toml` beside a dialect's tests, in our own words, each with the words by which tests mark
that they prove it (`@pytest.mark.clause(paper, words)`), or with the test itself (`test_….py::test_…`). A mark that no
clause knows is an error too: it proves nothing. With `--collect-only` nothing is run, and a test counts by being there.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).parent
PAPERS = {name: HERE / "portal" / "dialects" / name for name in ("ringme", "gws", "vcc")}


@dataclass(frozen=True)
class Clause:
    part: str
    says: str
    marks: tuple[str, ...]


@dataclass
class Paper:
    """The clauses of one paper; `later`: parts that are not made yet."""

    name: str
    clauses: list[Clause]
    later: frozenset[str]
    golden: dict[str, list[str]]
    fields: list[str]
    folder: Path

    @classmethod
    def read(cls, name: str, folder: Path) -> Paper:
        told = tomllib.loads((folder / "clauses.toml").read_text())
        later, golden = frozenset(told.pop("later", ())), told.pop("golden", {})
        fields = golden.pop("fields", "").split()
        clauses = [Clause(part, says, tuple(marks)) for part, table in told.items() for says, marks in table.items()]
        return cls(name, clauses, later, golden, fields, folder)

    def unknown(self, marks: set[str]) -> set[str]:
        return marks - {mark for clause in self.clauses for mark in clause.marks}

    def values(self) -> Iterator[tuple[str, Any]]:
        """Each field of a resource and a value that a golden file has of it; None where none has."""
        for resource, files in self.golden.items():
            for name in self.fields:
                values = (value_in(self.folder / "golden" / file, name) for file in files)
                yield f"{resource}.{name}", next((value for value in values if value is not None), None)


def value_in(file: Path, name: str) -> Any:
    """The first value of that name anywhere in a golden file; None where there is none."""
    waiting = [read(file)] if file.exists() else []
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, dict):
            if one.get(name) is not None:
                return one[name]
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return None


def read(file: Path) -> Any:
    """A golden file of JSON, with something in its gaps; of XML its elements, each by its name."""
    if file.suffix == ".xml":
        elements = ElementTree.fromstring(file.read_bytes()).iter()  # noqa: S314 - our own files
        return [{element.tag: element.text} for element in elements]
    return json.loads(re.sub(r"\$\w+", "9", file.read_text()))


@dataclass
class Matrix:
    """What the run has proved so far: paper -> words of a mark -> tests; and which tests there were."""

    papers: dict[str, Path] = field(default_factory=lambda: PAPERS)
    tests: set[str] = field(default_factory=set)
    proofs: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))

    def proved(self, marks: Any, test: str) -> None:
        self.tests.add(test)
        for paper, words in marks:
            self.proofs[paper][words].add(test)

    def named(self, words: str) -> list[str]:
        """The cases of the test that `folder/test_….py::test_…` names by its end."""
        named = f"/{words}"
        return [test for test in self.tests if "::" in words and test.partition("[")[0].endswith(named)]

    def lines(self) -> Iterator[tuple[str, bool]]:
        """The matrix, line by line, and whether the line is a hole."""
        for name, folder in self.papers.items():
            paper, proofs = Paper.read(name, folder), self.proofs[name]
            part = ""
            for clause in paper.clauses:
                if clause.part != part:
                    part = clause.part
                    yield f"\n{name}: {part}{' (later)' if part in paper.later else ''}", False
                # Cases of one test are one proof.
                found = chain.from_iterable(proofs.get(mark, ()) or self.named(mark) for mark in clause.marks)
                tests = Counter(test.partition("[")[0] for test in found)
                hole = not tests and part not in paper.later
                yield f"  {'NOT PROVED: ' if hole else ''}{clause.says}", hole
                yield from (
                    (f"      {test}{f' ({count} cases)' * (count > 1)}", False) for test, count in tests.items()
                )
            yield f"\n{name}: values in golden files", False
            for label, value in paper.values():
                yield f"  {label:<34} {'NO VALUE' if value is None else repr(value)}", value is None
            for words in sorted(paper.unknown(set(proofs))):
                yield f"  A test says that it proves what no clause says: {words!r}", True


MATRIX = pytest.StashKey[Matrix]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--matrix", action="store_true", help="print which tests prove which clause of a vendor's paper")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[MATRIX] = Matrix()


def marks_of(item: pytest.Item) -> list[list[str]]:
    return [list(mark.args) for mark in item.iter_markers("clause")]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        item.user_properties.append(("clauses", marks_of(item)))  # they travel with the report, from worker to worker
        if config.option.collectonly:
            config.stash[MATRIX].proved(marks_of(item), item.nodeid)


class Gatherer:
    """Hears of each test that passed, in the process that prints."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.passed:
            self.matrix.proved(dict(report.user_properties).get("clauses", ()), report.nodeid)


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.option.matrix:
        session.config.pluginmanager.register(Gatherer(session.config.stash[MATRIX]))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    wanted = session.config.option.matrix and not hasattr(session.config, "workerinput")
    if wanted and exitstatus == 0 and any(hole for _, hole in session.config.stash[MATRIX].lines()):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if config.option.matrix:
        terminalreporter.section("clauses and their proofs")
        for line, hole in config.stash[MATRIX].lines():
            terminalreporter.write_line(line, red=hole)
