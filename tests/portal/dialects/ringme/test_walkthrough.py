"""A newcomer walks through the API with curl, and sees what the document says."""

from __future__ import annotations

import difflib
import json
import os
import re
import shutil
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import call_command

from portal.local.demo import story

FOLDER = Path(configured.BASE_DIR) / "docs" / "api"
SCRIPT, PRINTED = FOLDER / "walkthrough.sh", FOLDER / "walkthrough.txt"
# The demo tells the same calls of a day whenever it is told.
UNTIL = "2026-10-02T17:00:00+00:00"
TIMES = {"START": "2026-09-29 00:00:00", "END": "2026-10-02 17:00:00", "NOW": "2026-10-02T16:59:30Z"}
# What differs from one installation or one moment to another.
VOLATILE = (
    (r"http://[a-z0-9.:]+(?=/)", "<host>"),
    (r'("(?:access|refresh)_token": )"[^"]+"', r'\1"<token>"'),
    (r"/storage/[\w-]+", "/storage/<token>"),
    (r"after=[\w-]+", "after=<cursor>"),
    (r"\d+-[0-9A-F]{32}", "<extension>-<uuid>"),
    (r"\d+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "<extension>-<uuid>"),
    (r"\d+-[0-9a-f]{32}", "<extension>-<uuid>"),
    (r"[0-9A-Fa-f]{32}", "<uuid>"),
    (r'("(?:\w*_)?(?:id|uuid)": ?)\d+', r"\1<id>"),
    (r"(/(?:extension_group|event)/)\d+", r"\1<id>"),
    (r"walkthrough-\d+", "<call>"),
    (r'("status": )"(asked|sealing|ready)"', r'\1"<state>"'),
    (r"(retry-after: )\d+", r"\1<seconds>"),
    (r'("(?:deleted_gmt|expires_gmt|create_date)": )"[^"]+"', r'\1"<time>"'),
)


def steady(printed: str) -> list[str]:
    for pattern, mask in VOLATILE:
        printed = re.sub(pattern, mask, printed)
    return printed.splitlines()


@pytest.fixture
def demo(transactional_db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A few days of the demo, and its sign-ins where `up` keeps them."""
    monkeypatch.setattr(story, "DAYS", 4)
    printed = StringIO()
    call_command("load_demo", until=story.datetime.fromisoformat(UNTIL), stdout=printed, stderr=StringIO())
    told = json.loads(printed.getvalue())
    for name in ("sign_ins", "programs"):
        (tmp_path / f"demo_{name}.json").write_text(json.dumps(told[name]))
    return tmp_path


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is what newcomers type")
def test_the_walk_through_prints_what_is_documented(demo: Path, live_server: Any, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    walked = subprocess.run(
        [str(SCRIPT), live_server.url, str(demo)],
        capture_output=True,
        text=True,
        env=os.environ | TIMES,
        timeout=120,
        check=False,
    )
    assert walked.returncode == 0, walked.stderr
    seen, documented = steady(walked.stdout), PRINTED.read_text().splitlines()
    (demo / "seen.txt").write_text("\n".join(seen) + "\n")
    difference = "\n".join(difflib.unified_diff(documented, seen, "documented", f"seen ({demo / 'seen.txt'})", n=2))
    assert not difference, difference
