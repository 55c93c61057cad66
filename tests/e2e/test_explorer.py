"""Kay tries the API in a browser, without writing code."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Visitor
from tests.factories import Cast

Visit = Callable[..., Visitor]
EXPLORER = "/api/ver1.0/client_api_explorer/"


def opened(visitor: Visitor) -> tuple[Page, set[str]]:
    """The page, and the hosts that it asks from now on."""
    hosts: set[str] = set()
    visitor.page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page = visitor.go(EXPLORER)
    expect(page.locator(".opblock-tag").first).to_be_visible()
    return page, hosts


def try_out(page: Page, operation: str) -> None:
    page.locator("#operations-tag-user").click()
    page.locator(f"#operations-user-{operation} .opblock-summary-control").click()
    page.locator(f"#operations-user-{operation} .execute").click()


def answer(page: Page) -> tuple[str, str]:
    """Status and body of what was executed."""
    live = page.locator(".live-responses-table .response").first
    return live.locator(".response-col_status").inner_text(), live.locator(".highlight-code").first.inner_text()


@pytest.mark.clause("ringme", "interactive browser of the API at /api/ver1.0/client_api_explorer/")
def test_a_pasted_token_opens_the_api(visit: Visit, cast: Cast) -> None:
    kay = visit()
    page, hosts = opened(kay)
    page.get_by_role("button", name="Authorize").click()
    page.get_by_label("auth-bearer-value").fill(cast.kay_token)
    page.locator(".auth-container", has_text="bearer").get_by_role("button", name="Apply credentials").click()
    page.locator(".modal-ux .close-modal").click()
    try_out(page, "get_user")
    status, body = answer(page)
    assert status.startswith("200") and '"login": "Kay"' in body
    assert hosts == {urlsplit(kay.address).netloc}, "everything comes from the portal itself"
    assert kay.complaints == []


@pytest.mark.clause("ringme", "trusted: client_credentials")
def test_an_applications_secret_opens_the_api(visit: Visit, cast: Cast) -> None:
    kay = visit()
    page, hosts = opened(kay)
    page.get_by_role("button", name="Authorize").click()
    flow = page.locator(".auth-container", has_text="clientCredentials").first
    flow.locator("#client_id_clientCredentials").fill(cast.kay.client_id)
    flow.locator("#client_secret_clientCredentials").fill(cast.kay_secret)
    flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    expect(flow.get_by_role("button", name="Remove authorization")).to_be_visible()
    page.locator(".modal-ux .close-modal").click()
    try_out(page, "get_user")
    assert answer(page)[0].startswith("200")
    assert hosts == {urlsplit(kay.address).netloc} and kay.complaints == []


def test_without_a_token_the_answer_says_so(visit: Visit) -> None:
    page, _ = opened(visit())
    try_out(page, "get_user")
    assert answer(page)[0].startswith("401")
