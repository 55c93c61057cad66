from __future__ import annotations

import pytest

from tests.archives.retention.office import Office, make_office


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """A client of which nothing is done but by the test: no worker is woken."""
    monkeypatch.setattr("portal.access.tasks.wake", lambda *arguments, **options: None)
    return make_office()
