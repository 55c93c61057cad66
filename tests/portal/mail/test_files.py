"""Mail into files: for development, and never twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.utils import timezone

from portal.access.isolation import scope
from portal.mail.files import newest
from portal.mail.models import Mail
from portal.mail.outbox import Letter, post
from portal.settings import mail
from tests.factories import Cast
from tests.portal.mail.postman import Postman


@pytest.fixture
def folder(tmp_path: Path, by: Callable[[str], None]) -> Path:
    folder = tmp_path / "mail of the test"
    by(folder.as_uri())
    return folder


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_a_file_and_sent_again_the_same_file(cast: Cast, folder: Path, postman: Postman) -> None:
    with scope(cast.north.pk):
        until = timezone.now() + timedelta(hours=1)
        post(cast.north.pk, [Letter("nora@north.example", "Ready – now", "Bücher: /archive/x\n", UUID(int=1), until)])
        text = Mail.objects.get().text
    postman.work()
    (file,) = folder.iterdir()
    raw = file.read_bytes()
    assert b"/archive/x\n" in raw, "as it is, not encoded: to be read by eye"
    (found,) = newest(5)
    assert (found.to, found.subject, found.text) == ("nora@north.example", "Ready – now", "Bücher: /archive/x\n")
    with scope(cast.north.pk):
        Mail.objects.update(status=Mail.Status.WAITING, text=text)
        postman.waking.append((cast.north.pk, Mail.objects.get().pk))
    postman.work()
    assert [file.read_bytes() for file in folder.iterdir()] == [raw]


@pytest.mark.django_db(transaction=True)
def test_a_folder_that_cannot_be_written_loses_no_mail(
    cast: Cast, tmp_path: Path, by: Callable[[str], None], postman: Postman
) -> None:
    (tmp_path / "file").touch()
    by((tmp_path / "file" / "mail").as_uri())
    with scope(cast.north.pk):
        post(cast.north.pk, [Letter("a@b.example", "x", "x", UUID(int=1), timezone.now() + timedelta(hours=1))])
    assert postman.work() == 0
    with scope(cast.north.pk):
        assert Mail.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("smtp://mail.example", ("mail.example", 25, "", "", False, False, 30.0)),
        ("smtp://mail.example:2525?timeout=5", ("mail.example", 2525, "", "", False, False, 5.0)),
        ("smtp+tls://nora:p%40ss%2F@mail.example", ("mail.example", 587, "nora", "p@ss/", True, False, 30.0)),
        (
            "smtps://nora%40north.example:x@mail.example",
            ("mail.example", 465, "nora@north.example", "x", False, True, 30.0),
        ),
    ],
)
def test_a_mail_server_by_its_address(url: str, found: tuple[object, ...]) -> None:
    names = ("HOST", "PORT", "HOST_USER", "HOST_PASSWORD", "USE_TLS", "USE_SSL", "TIMEOUT")
    assert tuple(mail(url)[f"EMAIL_{name}"] for name in names) == found


@pytest.mark.parametrize("url", ["mail.example", "smtp:", "smtp://", "http://mail.example", "file://folder", "file:x"])
def test_what_is_no_such_address_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="EMAIL_URL"):
        mail(url)
