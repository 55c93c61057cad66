"""Mails that lie in a folder are shown to operators, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client as Browser

from portal.accounts.models import User
from portal.settings import mail
from tests.factories import Cast

As = Callable[[User], Browser]


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    for name, value in mail((tmp_path / "mail").as_uri()).items():
        setattr(settings, name, value)
    return tmp_path / "mail"


@pytest.mark.django_db
def test_an_operator_reads_them_and_follows_their_links(cast: Cast, as_: As, folder: Path) -> None:
    assert b"No mail yet" in as_(cast.olga).get("/mails/").content
    link = "http://localhost:8000/archive/x"
    EmailMessage("Ready", f"Here: {link}\n<script>", to=["nora@north.example"]).send()
    page = as_(cast.olga).get("/mails/").content.decode()
    assert f'<a href="{link}"' in page and "nora@north.example" in page
    assert "&lt;script&gt;" in page
    assert 'href="/mails/"' in as_(cast.olga).get("/calls/").content.decode()


@pytest.mark.django_db
def test_for_anybody_else_there_is_no_such_page(cast: Cast, as_: As, folder: Path) -> None:
    for person in (cast.nora, cast.gus, cast.ann, cast.rita, cast.sam):
        assert as_(person).get("/mails/").status_code == 404
        assert "/mails/" not in as_(person).get("/calls/").content.decode()


@pytest.mark.django_db
def test_with_a_mail_server_there_is_none_for_operators_either(cast: Cast, as_: As) -> None:
    assert as_(cast.olga).get("/mails/").status_code == 404
    assert "/mails/" not in as_(cast.olga).get("/calls/").content.decode()
