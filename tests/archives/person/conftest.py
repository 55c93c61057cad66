from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.archives.person.somebody import Somebody, came_to_north
from tests.factories import Cast


@pytest.fixture
def somebody(cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Somebody:
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("portal.access.tasks.wake", lambda *told, **more: None)  # workers come when a test says so
    return came_to_north(cast)
