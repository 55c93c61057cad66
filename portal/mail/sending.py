"""One try of a mail: its row is locked, the server is spoken to, and how it went is written down."""

from __future__ import annotations

import contextlib
import re
from datetime import datetime, timedelta
from email.utils import format_datetime
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPResponseException
from typing import Any

from django.core.mail import EmailMessage, get_connection
from django.db import connection
from django.utils import timezone

from portal.access.isolation import scope
from portal.mail.models import Mail
from portal.mail.outbox import wake_after_commit, wake_due

WAITS = [timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800)]
TOO_LATE = "too late: the server did not take it in time"
# Mails under way at a time, over all workers: a server that hangs must not hold up those who have other messages.
AT_ONCE = 3
# "Mail", the first of two numbers of an advisory lock.
_SLOTS = int.from_bytes(b"Mail")
# Longer than the longest try (portal.mail.smtp): the row of a machine that vanished is anybody's again.
_LONGEST = "set local idle_in_transaction_session_timeout = '20min'"
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]+")


def deliver(client_id: int, mail_id: int) -> bool:
    """Try one mail, where it is due and nobody else is at it; whether the server took it. It may run twice, at once.

    The row stays locked while the server is spoken to, and not by a lease: a lease can end under the hands of who is
    slow, and then two send.
    """
    server = get_connection()
    try:
        with scope(client_id):
            mail = claim(client_id, mail_id)
            taken = mail is not None and tried(mail, server)
    finally:
        # Goodbye comes after the commit: between the server's yes and our own there is nothing to wait for.
        with contextlib.suppress(OSError):
            server.close()
    if mail is not None:
        wake_due(timezone.now(), AT_ONCE + 1)  # what came while all were busy
    return taken


def claim(client_id: int, mail_id: int) -> Mail | None:
    """The mail, its row locked until the transaction ends. None: it is not due, or others are busy."""
    if not has_slot():
        return None
    now = timezone.now()
    mail = Mail.objects.filter(client_id=client_id, id=mail_id).due(now).select_for_update(skip_locked=True).first()
    if mail is not None and mail.until <= now:
        finish(mail, Mail.Status.GIVEN_UP, TOO_LATE)
        return None
    return mail


def has_slot() -> bool:
    """Whether fewer than AT_ONCE mails are under way; this one is then, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LONGEST)
        for slot in range(AT_ONCE):
            cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", [_SLOTS, slot])
            if cursor.fetchone()[0]:
                return True
    return False


def tried(mail: Mail, server: Any) -> bool:
    mail.tries += 1
    try:
        server.open()
        server.send_messages([message(mail)])
    except OSError as error:  # what smtplib raises is one too
        code, why = reply(error)
        if is_final(error, code):
            finish(mail, Mail.Status.GIVEN_UP, why)
        else:
            postpone(mail, why)
        return False
    finish(mail, Mail.Status.SENT, None)
    return True


def message(mail: Mail) -> EmailMessage:
    """The same bytes at every try."""
    headers = {
        "Message-ID": mail.message_id,
        "Date": format_datetime(mail.queued_at),
        "Auto-Submitted": "auto-generated",  # so that absence notes are not sent back (RFC 3834)
    }
    return EmailMessage(mail.subject, mail.text, to=[mail.to], headers=headers)


# ---------------------------------------------------------------- how it went


def reply(error: OSError) -> tuple[int | None, str]:
    """The server's code, where it gave one, and in a few words why it did not take the mail."""
    if isinstance(error, SMTPRecipientsRefused):
        ((code, text),) = error.recipients.values()
        return code, said(code, text)
    if isinstance(error, SMTPResponseException):
        return error.smtp_code, said(error.smtp_code, error.smtp_error)
    if isinstance(error, TimeoutError):
        return None, "the server does not answer"
    return None, f"connection: {error.strerror or error or type(error).__name__}"[:200]


def said(code: int, text: bytes | str) -> str:
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    return _NOT_PRINTABLE.sub(" ", f"{code} {words}")[:200]


def is_final(error: OSError, code: int | None) -> bool:
    """Whether the address or the message is refused for good. All else may be mended, a wrong password too."""
    return isinstance(error, SMTPRecipientsRefused | SMTPDataError) and code is not None and 500 <= code < 600


def finish(mail: Mail, status: str, error: str | None) -> None:
    """A mail that was given up can be sent again as long as somebody needs it, so it keeps its text."""
    now = timezone.now()
    mail.status, mail.error, mail.finished_at = status, error, now
    if status == Mail.Status.SENT or mail.until <= now:
        mail.text = ""
    mail.save(update_fields=["status", "error", "finished_at", "tries", "text"])


def postpone(mail: Mail, why: str) -> None:
    wait = WAITS[min(mail.tries, len(WAITS)) - 1]
    due_at: datetime = timezone.now() + wait
    if due_at >= mail.until:
        finish(mail, Mail.Status.GIVEN_UP, why)
        return
    mail.error, mail.due_at = why, due_at
    mail.save(update_fields=["error", "due_at", "tries"])
    wake_after_commit(mail.client_id, mail.pk, wait)
