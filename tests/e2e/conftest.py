"""A real browser on a running portal, and a spool of real sound that came in by the ordinary way."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.factories import PASSWORD, Cast
from tests.portal.media.sounds import silence, stereo, tone, write_mp3

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
)
SECONDS = 40


def installed() -> str | None:
    return next((path for path in map(shutil.which, NAMES) if path), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test here needs the browser, and rows that the server's own threads can see."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = installed()
    if path is None:
        why = "no browser is installed: one of " + ", ".join(NAMES) + " is needed on the PATH"
        if os.environ.get("CALLVAULT_REQUIRE_BROWSER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    # The driver runs an event loop in this thread, where Django would refuse every query.
    patch = pytest.MonkeyPatch()
    patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
    patch.undo()


def dialogue() -> Any:
    """Two parties by turns, with a silence of some seconds in the middle; shape (frames, 2), 16 kHz."""
    rate = 16_000
    talk, pause = tone(5, rate, 0.5, 300), silence(5, rate)
    customer = np.concatenate([talk, pause, silence(5, rate), talk] * 2)
    agent = np.concatenate([silence(5, rate), talk, silence(5, rate), silence(5, rate)] * 2)
    return stereo(customer, agent)


@pytest.fixture
def spool(cast: Cast, tmp_path: Path) -> None:
    """North's morning: an answered call of Ann's with its recording, a missed one, and a voice message for Ann."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
    write_mp3(tmp_path / "dialogue.mp3", dialogue(), 16_000)
    write_mp3(tmp_path / "message.mp3", tone(12, 16_000, 0.4), 16_000)
    lines = [answered_call(now), missed_call(now - timedelta(minutes=5)), voice_message(now - timedelta(hours=1))]
    (tmp_path / "manifest.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    printed = StringIO()
    call_command("import_calls", "manifest", str(tmp_path), client="north", stdout=printed, stderr=StringIO())
    counts = json.loads(printed.getvalue())
    assert (counts["calls"], counts["recordings"], counts["voicemessages"]) == (2, 1, 1), counts


def at(moment: datetime, seconds: int) -> str:
    return (moment + timedelta(seconds=seconds)).isoformat()


def answered_call(start: datetime) -> dict[str, Any]:
    leg = {
        "source_id": "a-1",
        "extension": "101",
        "flow": "in",
        "init_time": at(start, 0),
        "start_time": at(start, 4),
        "hangup_time": at(start, 4 + SECONDS),
        "duration": 4 + SECONDS,
        "billsec": SECONDS,
        "result": "answered",
        "hangup_cause": "NORMAL_CLEARING",
        "hangup_disposition": "caller_bye",
    }
    call = {
        "source": "e2e",
        "source_id": "a",
        "direction": "in",
        "started_at": at(start, 0),
        "legs": [leg],
        "answered_at": at(start, 4),
        "ended_at": at(start, 4 + SECONDS),
        "caller": {"number": "+15551006468", "name": "Dana Fields"},
        "called": {"number": "101"},
    }
    recording = {
        "source": "e2e",
        "source_id": "r",
        "leg": "a-1",
        "file_name": "dana.mp3",
        "file": "dialogue.mp3",
        "started_at": at(start, 4),
        "stopped_at": at(start, 4 + SECONDS),
        "channels": {"left": "customer", "right": "agent"},
    }
    return {"call": call, "recordings": [recording]}


def missed_call(start: datetime) -> dict[str, Any]:
    leg = {"source_id": "m-1", "extension": "102", "flow": "in", "init_time": at(start, 0), "result": "not answered"}
    call = {"source": "e2e", "source_id": "m", "direction": "in", "started_at": at(start, 0), "legs": [leg]}
    return {"call": call | {"caller": {"number": "+15551001126"}, "called": {"number": "102"}}, "recordings": []}


def voice_message(moment: datetime) -> dict[str, Any]:
    caller = {"number": "+15551003683", "name": "Mei Moore"}
    message = {"source": "e2e", "source_id": "v", "extension": "101", "at": at(moment, 0), "caller": caller}
    return {"voicemessage": message | {"folder": "INBOX", "file": "message.mp3"}}


class Visitor:
    """A person at a browser. `complaints` gathers what the console and the security policy said."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        # The stream of live events is another process, which does not run here: this page is told there is none.
        self.page.route("**/live/ticket", lambda route: route.fulfill(json={"url": None}))
        self.page.on("console", lambda said: said.type in {"error", "warning"} and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def sign_in(self, login: str) -> Page:
        self.go("/sign-in/")
        self.page.get_by_label("Login").fill(login)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/calls/")
        return self.page


@pytest.fixture
def visit(chromium: Browser, live_server: Any, spool: None) -> Iterator[Callable[..., Visitor]]:
    cache.clear()
    contexts: list[BrowserContext] = []

    def enter(**options: Any) -> Visitor:
        contexts.append(chromium.new_context(**{"viewport": {"width": 1280, "height": 800}} | options))
        return Visitor(contexts[-1], live_server.url)

    yield enter
    for context in contexts:
        context.close()
