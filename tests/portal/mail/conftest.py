from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from portal.settings import mail
from tests.portal.mail.post_office import PostOffice, open_post_office
from tests.portal.mail.postman import Postman


@pytest.fixture
def by(settings: pytest.FixtureRequest) -> Callable[[str], None]:
    """Send mail as an EMAIL_URL says."""

    def use(url: str) -> None:
        for name, value in mail(url).items():
            setattr(settings, name, value)

    return use


@pytest.fixture
def office(by: Callable[[str], None]) -> Iterator[PostOffice]:
    """A mail server, and mail goes there."""
    with open_post_office() as office:
        by(f"smtp://127.0.0.1:{office.port}?timeout=2")
        yield office


@pytest.fixture
def postman(monkeypatch: pytest.MonkeyPatch) -> Postman:
    return Postman(monkeypatch)
