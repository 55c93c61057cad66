"""Mail into files, one an `.eml`: for development, where there is no server. And what lies there, for a page."""

from __future__ import annotations

import email
import email.policy
import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail.backends.base import BaseEmailBackend

BACKEND = "portal.mail.files.EmailBackend"
PATTERN = "*.eml"


class EmailBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[Any]) -> int:
        for one in email_messages:
            put(Path(settings.EMAIL_FILE_PATH), one.message())
        return len(email_messages)


def put(folder: Path, message: Any) -> None:
    """Whole or not at all. The name is made of its Date and Message-ID: the same message again is the same file."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = f"{date_of(message):%Y%m%d-%H%M%S}-{hashlib.sha256(message['Message-ID'].encode()).hexdigest()[:12]}.eml"
    handle, draft = tempfile.mkstemp(dir=folder)
    with os.fdopen(handle, "wb") as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    Path(draft).replace(folder / name)


def date_of(message: Any) -> datetime:
    """In UTC: what Django writes itself, `-0000`, is read as a time without a zone."""
    at = parsedate_to_datetime(message["Date"])
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Found:
    """A mail that lies in the folder."""

    name: str
    at: datetime
    to: str
    subject: str
    text: str


def newest(most: int) -> list[Found]:
    """What was sent last, first."""
    names = sorted(Path(settings.EMAIL_FILE_PATH).glob(PATTERN), reverse=True)
    return [found(path) for path in names[:most]]


def found(path: Path) -> Found:
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, EmailMessage, policy=email.policy.default)
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    return Found(path.name, date_of(message), str(message["To"]), str(message["Subject"]), text)
