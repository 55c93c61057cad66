"""Nora deletes, is asked, and thinks again, in a real browser."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.accessible import WCAG, objections
from tests.e2e.test_listening import Visit


def test_nora_deletes_a_recording_and_undoes_it(visit: Visit) -> None:
    nora = visit()
    page = nora.sign_in("nora@north")
    page.locator("tr[data-track] a.line-link").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    question = page.get_by_role("dialog", name="Delete this recording?")
    expect(question).to_contain_text("restored for 7 days")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_be_hidden()
    expect(page.locator(".deck")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    question.get_by_role("button", name="Delete 1 recording").click()
    expect(page.get_by_text("The recording is in the trash.")).to_be_visible()
    expect(page.locator(".deck")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("It is restored.")).to_be_visible()
    expect(page.locator(".deck")).to_be_visible()
    assert nora.complaints == []


def test_a_voice_message_comes_back_from_the_trash(visit: Visit) -> None:
    nora = visit(viewport={"width": 390, "height": 800})
    page = nora.sign_in("nora@north")
    nora.go("/voicemessages/")
    page.get_by_role("button", name="Delete this voice message").click()
    page.get_by_role("button", name="Delete 1 voice message").click()
    expect(page.get_by_text("No voice messages")).to_be_visible()
    page.get_by_role("link", name="Trash").click()
    expect(page.get_by_text("Voice message of Mei Moore")).to_be_visible()
    assert objections(page, WCAG) == []
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The trash is empty")).to_be_visible()
    assert nora.complaints == []
