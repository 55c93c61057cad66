"""Nora asks for an archive on a page, sees it being made, and downloads it by the link in the mail."""

from __future__ import annotations

import io
import re
import zipfile
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from archives import working
from portal.mail import sending
from portal.mail.files import newest
from portal.settings import mail
from tests.e2e.accessible import WCAG, objections
from tests.e2e.test_listening import Visit


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, live_server: Any) -> Callable[[], None]:
    """What the queue was told of, done when the test says so; mail goes into a folder."""
    settings.PUBLIC_URL = live_server.url
    for name, value in mail((tmp_path / "mail").as_uri()).items():
        setattr(settings, name, value)
    waiting: deque[tuple[Callable[..., Any], tuple[int, ...]]] = deque()
    monkeypatch.setattr("archives.waking.wake", lambda *job: waiting.append((working.work, job)))
    monkeypatch.setattr("portal.mail.outbox.wake", lambda *job: waiting.append((sending.deliver, job[:2])))

    def work() -> None:
        while waiting:
            deed, job = waiting.popleft()
            deed(*job)

    return work


def test_nora_gets_an_archive_by_mail(visit: Visit, workers: Callable[[], None]) -> None:
    nora = visit()
    page = nora.sign_in("nora@north")
    page.get_by_role("link", name="Archive", exact=True).click()
    preview = page.locator("#archive-preview")
    expect(preview).to_contain_text("1 recording,")
    page.get_by_label("Extension").fill("102")
    expect(preview).to_contain_text("0 recordings")
    page.get_by_label("Extension").fill("")
    expect(preview).to_contain_text("1 recording,")
    assert objections(page, WCAG) == []
    page.get_by_label("Mail the link to").fill("nora@north.example, gus@north.example")
    page.get_by_role("button", name="Make the archive").click()
    expect(page.get_by_text("When it is ready: nora@north.example, gus@north.example.")).to_be_visible()
    expect(page.locator("#archive")).to_contain_text("waiting")

    workers()
    expect(page.get_by_role("link", name="Download")).to_be_visible()  # nobody loaded the page again
    expect(page.locator("#archive")).to_contain_text("sent")
    assert objections(page, WCAG) == []

    mails = newest(5)
    assert sorted(one.to for one in mails) == ["gus@north.example", "nora@north.example"]
    (link,) = set(re.findall(r"http\S+/archive/\S+", "".join(one.text for one in mails)))
    sent = page.request.get(link)
    with zipfile.ZipFile(io.BytesIO(sent.body())) as archive:
        assert "dana.mp3" in archive.namelist() and "verify.py" in archive.namelist()
        assert archive.testzip() is None
    assert nora.complaints == []


def test_nora_cancels_one_on_a_phone(visit: Visit, workers: Callable[[], None]) -> None:
    nora = visit(viewport={"width": 390, "height": 800})
    page = nora.sign_in("nora@north")
    nora.go("/archives/new/?period=last_7_days")
    page.get_by_label("Mail the link to").fill("nora@north.example")
    page.get_by_role("button", name="Make the archive").click()
    expect(page.locator("#archive")).to_contain_text("waiting")
    workers()
    page.get_by_role("link", name="Archives").first.click()
    expect(page.locator("#archives-list")).to_contain_text("ready")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Cancel archive of 1 recording").click()
    question = page.get_by_role("dialog", name="Cancel the archive of 1 recording?")
    expect(question).to_contain_text("Its link ends at once")
    question.get_by_role("button", name="Cancel the archive").click()
    expect(page.get_by_text("The archive is cancelled.")).to_be_visible()
    expect(page.locator("#archives-list")).to_contain_text("cancelled")
    assert nora.complaints == []


def test_without_javascript_it_is_counted_and_asked_for_all_the_same(visit: Visit, workers: Callable[[], None]) -> None:
    nora = visit(java_script_enabled=False)
    page = nora.sign_in("nora@north")
    nora.go("/archives/new/")
    page.get_by_role("button", name="Count").click()
    expect(page.locator("#archive-preview")).to_contain_text("1 recording,")
    page.get_by_label("Mail the link to").fill("nora@north.example")
    page.get_by_role("button", name="Make the archive").click()
    expect(page.locator("#archive")).to_contain_text("waiting")
    workers()
    page.reload()
    expect(page.get_by_role("link", name="Download")).to_be_visible()
