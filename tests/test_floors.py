"""The floors of the house: imports go down only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_imports_go_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_settings_are_the_only_reader_of_the_environment() -> None:
    allowed = {"portal/settings.py", "portal/asgi.py", "portal/wsgi.py", "portal/celery.py", "portal/live/stream.py"}
    readers = {
        str(path.relative_to(ROOT))
        for app in ("portal", "cdrs", "records", "archives")
        for path in (ROOT / app).rglob("*.py")
        if "os.environ" in path.read_text() and "portal/local/" not in str(path)
    }
    assert readers <= allowed
