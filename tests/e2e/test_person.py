"""Nora looks a number up on a page, has everything about it erased, and downloads the certificate of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from archives.person import working
from archives.retention.certificates import verified
from tests.e2e.accessible import WCAG, objections
from tests.e2e.test_listening import Visit

NUMBER = "+1 555 100 6468"


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """What the queue was told of, done when the test says so."""
    waiting: list[tuple[int, int]] = []
    monkeypatch.setattr("archives.person.waking.wake", lambda *job: waiting.append(job))

    def work() -> None:
        while waiting:
            working.work(*waiting.pop(0))

    return work


@pytest.mark.parametrize("options", [{}, {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}])
def test_nora_erases_a_number_and_gets_the_certificate(
    visit: Visit, workers: Callable[[], None], options: dict[str, Any]
) -> None:
    nora = visit(**options)
    page = nora.sign_in("nora@north")
    nora.go("/person/")
    assert objections(page, WCAG) == []
    page.get_by_label("Number", exact=True).fill(NUMBER)
    page.get_by_role("button", name="Look it up").click()
    fields = page.locator("dl.fields")
    expect(fields).to_contain_text("with 1 CDR")
    assert "555" not in page.url and objections(page, WCAG) == []

    page.get_by_role("button", name="Erase everything about it").click()
    expect(fields).to_contain_text("1 call, 1 recording")
    assert "555" not in page.url and objections(page, WCAG) == []
    page.get_by_role("button", name="Erase 1 call, 1 recording").click()
    expect(page.get_by_text("Nothing of the number can be heard any more. A worker removes it now.")).to_be_visible()
    assert objections(page, WCAG) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    workers()
    expect(page.get_by_role("heading", name="Certificate")).to_be_visible()  # nobody loaded the page again
    expect(page.locator("#erasure")).to_contain_text("forgotten")
    assert objections(page, WCAG) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    text = download.value.path().read_text()
    assert "6468" not in text
    gone = verified(text.encode())["gone"]
    assert {kind: told["count"] for kind, told in gone.items()} == {"calls": 1, "cdrs": 1, "records": 1}, json.dumps(
        gone
    )

    nora.go("/person/")
    expect(page.locator("#erasures-list")).to_contain_text("forgotten")
    assert objections(page, WCAG) == []
    nora.go("/calls/")
    expect(page.locator("#main")).to_contain_text("100 1126")
    assert "Dana" not in page.content() and "100 6468" not in page.content()
    assert nora.complaints == []
