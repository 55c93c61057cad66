"""Marks beside words, and links that change filters."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from django.template import engines
from django.template.loader import render_to_string

from cdrs.models import Direction, Result
from portal.web.templatetags import portal_links as links
from portal.web.templatetags import portal_marks as marks


def test_every_result_and_direction_has_a_shape_of_its_own() -> None:
    icons = render_to_string("components/_icons.html")
    shapes = {re.search(r"#(i-[\w-]+)", marks.result(value)).group(1) for value in Result.values}  # type: ignore[union-attr]
    ways = {re.search(r"#(i-[\w-]+)", marks.way(value)).group(1) for value in Direction.values}  # type: ignore[union-attr]
    assert len(shapes) == len(Result.values)
    assert len(ways) == len(Direction.values)
    drawn = dict(re.findall(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', icons))
    assert shapes | ways <= drawn.keys()
    assert len({drawn[shape] for shape in shapes}) == len(shapes)


def test_a_result_is_said_in_a_word_too() -> None:
    for value in Result.values:
        assert f">{value}</span>" in marks.result(value).replace("</svg>", ">")
    assert "–" in marks.result(None)


def test_every_icon_a_template_names_is_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="i-([\w-]+)"', render_to_string("components/_icons.html")))
    engine = engines["django"].engine  # type: ignore[attr-defined]
    named: set[str] = set()
    for folder in engine.dirs:
        for path in folder.rglob("*.html"):
            named |= set(re.findall(r"""{% icon ["']([\w-]+)["']""", path.read_text()))
    assert named
    assert named <= drawn


def test_a_sparkline_is_as_loud_as_its_sketch() -> None:
    svg = marks.sparkline(bytes([0, 90, 180]))
    reaches = [float(v) for v in re.findall(r"v([\d.]+)", svg)]
    assert reaches == [1.0, 9.6, 19.0]
    assert marks.sparkline(memoryview(bytes([0, 90, 180]))) == svg
    quiet = [float(v) for v in re.findall(r"v([\d.]+)", marks.sparkline(bytes([9, 9])))]
    assert max(quiet) < 3
    assert marks.sparkline(None) == ""
    assert "style=" not in svg


def test_ids_are_escaped_where_they_are_copied() -> None:
    html = marks.copy_id('"><script>alert(1)</script>')
    assert "<script>" not in html
    assert 'data-copy="&quot;&gt;' in html


def a_call(**changes: object) -> SimpleNamespace:
    sales = SimpleNamespace(name="Sales")
    leg = SimpleNamespace(extension=SimpleNamespace(number="101", name="Ann Berg"), group=sales)
    return SimpleNamespace(
        **{
            "caller_number": "+15551006468",
            "caller_name": None,
            "called_number": "101",
            "called_name": None,
            "legs": [leg, leg, SimpleNamespace(extension=None, group=None)],
        }
        | changes
    )


def test_an_extension_is_called_by_its_name() -> None:
    assert marks.named("101", None, a_call()) == ("Ann Berg", "101")
    assert marks.named("102", None, a_call()) == ("102", "")
    assert marks.named(None, "Marta", a_call()) == ("Marta", "")
    assert marks.named(None, None, a_call()) == ("withheld", "")
    assert marks.parties(a_call()).replace("\u00a0", " ") == "+1 555 100 6468 → Ann Berg"
    assert marks.group_names(a_call()) == "Sales"


def asked(query: str) -> dict[str, object]:
    return {"request": SimpleNamespace(GET=QueryDict(query))}


@pytest.mark.parametrize("paging", ["before=abc", "after=abc"])
def test_a_change_of_filters_begins_at_the_first_page(paging: str) -> None:
    assert links.without(asked(f"number=555*&direction=in&{paging}"), "direction") == "?number=555%2A"
    assert links.with_period(asked(f"period=custom&from=2026-09-01&to=2026-09-02&number=5&{paging}"), "today") == (
        "?period=today&number=5"
    )


def test_a_form_carries_the_other_filters_and_escapes_them() -> None:
    html = links.carried(asked("number=%22%3E%3Cb%3E&result=busy&result=failed&group=2"), "group")
    assert html.count('name="result"') == 2
    assert "group" not in html
    assert "<b>" not in html
