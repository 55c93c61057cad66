"""The matrix of clauses tells what is proved, and what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.matrix import PAPERS, Matrix, Paper

TOLD = """
later = ["archives"]
[lists]
"newest first" = ["by time", "by id"]
"all of them" = ["whole"]
[archives]
"a zip" = []
[golden]
fields = "number name"
row = ["row.json"]
"""


@pytest.fixture
def matrix(tmp_path: Path) -> Matrix:
    (tmp_path / "clauses.toml").write_text(TOLD)
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "row.json").write_text('{"rows": [{"number": $number, "name": "$name"}]}')
    return Matrix({"paper": tmp_path})


def holes(matrix: Matrix) -> list[str]:
    return [line.strip() for line, hole in matrix.lines() if hole]


def test_a_clause_without_a_test_is_a_hole_unless_its_part_is_to_come(matrix: Matrix) -> None:
    assert holes(matrix) == ["NOT PROVED: newest first", "NOT PROVED: all of them"]
    matrix.proved([("paper", "by id")], "test_x[1]")
    matrix.proved([("paper", "by id")], "test_x[2]")
    assert holes(matrix) == ["NOT PROVED: all of them"]
    assert "      test_x (2 cases)" in [line for line, _ in matrix.lines()]


def test_a_clause_may_name_its_test(matrix: Matrix, tmp_path: Path) -> None:
    (tmp_path / "clauses.toml").write_text('[lists]\n"whole" = ["lists/test_all.py::test_x"]\n')
    matrix.proved([], "tests/other/test_all.py::test_x")
    assert holes(matrix) == ["NOT PROVED: whole"]
    matrix.proved([], "tests/lists/test_all.py::test_x[1]")
    assert holes(matrix) == []


def test_a_mark_that_no_clause_knows_is_a_hole(matrix: Matrix) -> None:
    matrix.proved([("paper", "whole"), ("paper", "by time"), ("paper", "by colour")], "test_x")
    assert [hole for hole in holes(matrix) if "by colour" in hole] == holes(matrix)


def test_a_field_without_a_value_is_a_hole(matrix: Matrix, tmp_path: Path) -> None:
    (tmp_path / "golden" / "row.json").write_text('[{"number": 1, "name": null}]')
    assert "row.name                           NO VALUE" in holes(matrix)


def test_the_clauses_of_every_paper_can_be_read() -> None:
    for name, folder in PAPERS.items():
        paper = Paper.read(name, folder)
        assert paper.clauses and paper.later <= {clause.part for clause in paper.clauses} | paper.later
        marks = [mark for clause in paper.clauses for mark in clause.marks]
        assert len(set(marks)) == len(marks), "a mark proves one clause"
