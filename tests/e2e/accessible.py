"""What axe objects to on a page that has come to rest: what fades in has little contrast until it is there."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AT_REST = """async () => {
    const ending = document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime !== Infinity)
    await Promise.allSettled(ending.map((one) => one.finished))
}"""
WCAG = {"runOnly": ["wcag2a", "wcag2aa"]}


def objections(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """Each with its impact, its rule and the first element that breaks it. All rules, unless `options` name some."""
    page.evaluate(AT_REST)
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['impact']}: {one['id']}: {one['nodes'][0]['html']}" for one in found]
