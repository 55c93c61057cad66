"""Kay tries the API in a browser, without writing code."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from portal.accounts.models import ApplicationType
from tests.e2e.conftest import Visitor
from tests.factories import PASSWORD, Cast, make_application

Visit = Callable[..., Visitor]
EXPLORER = "/api/ver1.0/client_api_explorer/"


def opened(visitor: Visitor) -> tuple[Page, set[str]]:
    """The page, and the hosts that it asks from now on."""
    hosts: set[str] = set()
    visitor.page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page = visitor.go(EXPLORER)
    expect(page.locator(".opblock-tag").first).to_be_visible(timeout=30_000)  # a megabyte of script on a busy machine
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


@pytest.mark.clause("ringme", "public: authorization_code with PKCE")
def test_nora_signs_in_and_lets_the_explorer_in(visit: Visit, cast: Cast) -> None:
    nora = visit()
    redirect = nora.address + reverse("ringme-explorer-signed-in")
    explorer, _ = make_application(cast.north, "Explorer", type=ApplicationType.PUBLIC, redirect_uris=redirect)
    page, _ = opened(nora)
    page.get_by_role("button", name="Authorize").click()
    flow = page.locator(".auth-container", has_text="authorizationCode")
    flow.locator("#client_id_authorizationCode").fill(explorer.client_id)
    with page.expect_popup() as popup:
        flow.get_by_role("button", name="Apply given OAuth2 credentials").click()
    window = popup.value
    window.get_by_label("Login").fill("nora@north")
    window.get_by_label("Password").fill(PASSWORD)
    window.get_by_role("button", name="Sign in").click()
    with window.expect_event("close"):
        window.get_by_role("button", name="Allow").click()
    expect(flow.get_by_role("button", name="Remove authorization")).to_be_visible()
    page.locator(".modal-ux .close-modal").click()
    try_out(page, "get_user")
    status, body = answer(page)
    assert status.startswith("200") and '"login": "nora@north"' in body
    assert nora.complaints == []
