"""Where calls come from: one module or package a source, and this table of them."""

from __future__ import annotations

from datetime import tzinfo
from pathlib import Path

from portal.intake.sources.asterisk.source import AsteriskSpool
from portal.intake.sources.entries import Source
from portal.intake.sources.manifest import Manifest


def _manifest(path: Path, zone: tzinfo) -> Source:
    """Times of facts have their offset: the zone does not matter."""
    return Manifest(path)


SOURCES = {"asterisk": AsteriskSpool, "manifest": _manifest}
