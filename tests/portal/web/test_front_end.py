"""What every page weighs, and that it keeps to its content security policy."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import engines

BASE: Path = settings.BASE_DIR
TEMPLATES = sorted((BASE / "templates").rglob("*.html"))


def compressed(path: Path) -> int:
    """Bytes on the way to a browser."""
    return len(gzip.compress(path.read_bytes()))


def test_the_one_stylesheet_is_at_most_30_kilobytes_compressed() -> None:
    assert compressed(BASE / "static/css/app.css") <= 30 * 1024


def test_the_scripts_of_a_page_are_at_most_60_kilobytes_compressed() -> None:
    ours = (BASE / "static/js").glob("*.js")
    scripts = [*ours, Path(str(finders.find("django_htmx/htmx-2.min.js")))]
    assert sum(map(compressed, scripts)) <= 60 * 1024


def test_no_template_holds_what_the_policy_forbids() -> None:
    forbidden = re.compile(r"<style|\sstyle=|\son[a-z]+=|hx-on|javascript:|<script(?![^>]*\ssrc=)", re.I)
    found = {path.name: forbidden.findall(path.read_text()) for path in TEMPLATES}
    assert TEMPLATES
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_every_template_compiles() -> None:
    for path in TEMPLATES:
        engines["django"].get_template(str(path.relative_to(BASE / "templates")))


def test_every_class_of_a_tone_is_drawn_by_a_token_in_both_themes() -> None:
    css = (BASE / "static/css/app.css").read_text()
    colours = re.findall(r"--([a-z-]+): light-dark\((oklch\([^)]*\)), (oklch\([^)]*\))\);", css)
    names = {name for name, _, _ in colours}
    assert {"customer", "customer-text", "agent", "agent-text", "accent", "text", "muted", "line"} <= names
    used = set(re.findall(r"var\(--([a-z-]+)", css))
    declared = set(re.findall(r"--([a-z-]+):", css)) | {"part"}
    assert used <= declared
