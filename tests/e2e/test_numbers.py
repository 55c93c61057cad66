"""Nora adds an outside number and says who answers it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessible import objections
from tests.e2e.conftest import Visitor

Visit = Callable[..., Visitor]


def looked_at(page: Page, name: str, folder: object) -> None:
    """Nothing that axe objects to, nothing wider than the window; the screenshot stays in the test's own directory."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(folder / f"{name}.png"))  # type: ignore[operator]
    assert objections(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nora_adds_an_outside_number(visit: Visit, scheme: str, width: int, tmp_path: object) -> None:
    nora = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    nora.sign_in("nora@north")
    page = nora.go("/extensions/")
    looked_at(page, "extensions", tmp_path)
    page.get_by_role("link", name="Outside numbers").click()
    expect(page.get_by_role("heading", name="No outside numbers yet")).to_be_visible()
    looked_at(page, "none", tmp_path)
    page.get_by_role("link", name="New outside number").first.click()
    page.get_by_label("Number", exact=True).fill("+44 20 7946 0101")
    page.get_by_label("Answered by").fill("101")
    page.get_by_role("button", name="Add the number").click()
    expect(page.get_by_text("Digits or letters without spaces")).to_be_visible()
    looked_at(page, "wrong", tmp_path)
    page.get_by_label("Number", exact=True).fill("+442079460101")
    page.get_by_role("button", name="Add the number").click()
    expect(page.get_by_text("+442079460101 is answered by 101")).to_be_visible()
    looked_at(page, "list", tmp_path)
    page.get_by_role("link", name="+442079460101").click()
    expect(page.get_by_role("heading", name="Outside number +442079460101")).to_be_visible()
    looked_at(page, "one", tmp_path)
    page.get_by_role("button", name="Delete +442079460101").click()
    expect(page.get_by_role("heading", name="No outside numbers yet")).to_be_visible()
    assert [said for said in nora.complaints if "422" not in said] == [], (
        "the browser tells of the form that was refused"
    )
