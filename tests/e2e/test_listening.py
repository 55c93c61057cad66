"""Nora hears a call within twenty seconds, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.accessible import objections
from tests.e2e.conftest import SECONDS, Visitor

Visit = Callable[..., Visitor]
DOCK = "#player audio"


def position(page: Page) -> float:
    return page.evaluate(f"document.querySelector('{DOCK}').currentTime")


def until(page: Page, holds: Callable[[], bool], seconds: float = 10) -> None:
    """Ask again until it holds. (Playwright's own waiting evaluates text, which the pages' security policy forbids.)"""
    for _ in range(int(seconds * 20)):
        if holds():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it did not happen in {seconds} s; the position is {position(page)}")


def plays_past(page: Page, seconds: float) -> None:
    until(page, lambda: position(page) > seconds)


def test_nora_finds_a_call_and_hears_it(visit: Visit) -> None:
    nora = visit()
    page = nora.sign_in("nora@north")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.get_by_label("Search a number").fill("*6468")
    page.get_by_label("Search a number").press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.locator("tr[data-track] [data-play]").click()
    plays_past(page, 1)
    expect(page.locator("#player")).to_be_visible()
    page.get_by_role("link", name="Voice messages").click()
    expect(page.get_by_role("heading", name="Voice messages")).to_be_visible()
    was = position(page)
    plays_past(page, was + 0.5)
    assert nora.complaints == []


def test_a_filter_is_chosen_and_taken_away(visit: Visit) -> None:
    page = visit().sign_in("nora@north")
    page.get_by_text("Filter", exact=True).click()
    page.get_by_label("Result").select_option("not answered")
    page.get_by_role("button", name="Show calls").click()
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("tr[data-row]")).to_contain_text("555 100 1126")
    page.get_by_label("Remove the filter").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)


def test_the_call_page_plays_where_one_points(visit: Visit) -> None:
    nora = visit()
    page = nora.sign_in("nora@north")
    page.locator("tr[data-track] .line-link").click()
    expect(page.locator(".call-head")).to_contain_text("Dana Fields")
    wave = page.locator(".deck wave-form")
    until(page, lambda: wave.evaluate("wave => wave.duration") > 0)
    page.locator(".deck [data-play]").click()
    plays_past(page, 0.5)
    box = wave.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    plays_past(page, SECONDS / 2 - 2)
    assert position(page) < SECONDS / 2 + 5
    wave.focus()
    page.keyboard.press("Home")
    until(page, lambda: position(page) < 3)
    page.keyboard.press("ArrowRight")
    plays_past(page, 5)
    assert "of 40 s" in str(wave.get_attribute("aria-valuetext"))
    page.keyboard.press("]")
    assert page.evaluate(f"document.querySelector('{DOCK}').playbackRate") == 1.25
    page.locator(".deck [data-skip]").click()
    page.keyboard.press("Escape")
    page.evaluate(f"document.querySelector('{DOCK}').currentTime = 10.4")
    until(page, lambda: position(page) > 14, seconds=2.5)
    assert nora.complaints == []


def test_ann_hears_her_voice_message(visit: Visit) -> None:
    ann = visit()
    page = ann.sign_in("ann@north")
    page.get_by_role("link", name="Voice messages").click()
    expect(page.locator("tr[data-track]")).to_contain_text("Mei Moore")
    page.locator("tr[data-track] .c-play [data-play]").click()
    plays_past(page, 1)
    assert ann.complaints == []


def test_the_download_is_the_file_that_came(visit: Visit, tmp_path: object) -> None:
    page = visit().sign_in("nora@north")
    page.locator("tr[data-track] .line-link").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    kept = download.value.path()
    assert download.value.suggested_filename == "dana.mp3"
    assert kept.read_bytes() == (tmp_path / "dialogue.mp3").read_bytes()  # type: ignore[operator]


def test_without_scripts_calls_are_found_and_heard_by_the_browsers_own_player(visit: Visit) -> None:
    plain = visit(java_script_enabled=False)
    page = plain.sign_in("nora@north")
    page.locator("summary", has_text="Last 7 days").click()
    page.get_by_role("link", name="Last 30 days").click()
    expect(page.locator("tr[data-row]")).to_have_count(2)
    page.locator("tr[data-track] .line-link").click()
    expect(page.locator("audio[controls]")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_can_be_read_by_all(visit: Visit, scheme: str, width: int, tmp_path: object) -> None:
    """No serious violation that axe knows of; screenshots stay in the test's own directory."""
    nora = visit(color_scheme=scheme, viewport={"width": width, "height": 800})
    pages = {"sign-in": "/sign-in/"}
    found = {name: serious(nora, name, path, tmp_path) for name, path in pages.items()}
    nora.sign_in("nora@north")
    call = nora.page.locator("tr[data-track] .line-link").get_attribute("href") or ""
    pages = {"calls": "/calls/", "call": call, "voicemessages": "/voicemessages/", "users": "/users/"}
    pages |= {"groups": "/groups/", "extensions": "/extensions/", "user-new": "/users/new/", "none": "/calls/?number=9"}
    found |= {name: serious(nora, name, path, tmp_path) for name, path in pages.items()}
    assert not {name: violations for name, violations in found.items() if violations}
    assert nora.complaints == []


def serious(visitor: Visitor, name: str, path: str, folder: object) -> list[str]:
    page = visitor.go(path)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=str(folder / f"{name}.png"))  # type: ignore[operator]
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    said = [one for one in objections(page) if one.startswith(("serious", "critical"))]
    return [*said, *([f"{wide} px wider than the window"] if wide > 0 else [])]
