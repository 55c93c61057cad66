"""The outbox: mails are written in the transaction of what they tell, and sent once it has committed.

No mail is lost, and none goes out twice but for one case: who sends it is killed between the server's yes and our own
commit. Then the same message goes out again under the same Message-ID.

A server that does not take a mail is asked again after 5 s, 30 s, 2 min, 10 min, and every half hour from then on,
until nobody needs the mail any more. An address that the server refuses for good is not tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from uuid import UUID, uuid4

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from portal.access import tasks
from portal.access.isolation import scope
from portal.mail.models import Mail

KEPT = timedelta(days=30)
WOKEN_AT_ONCE = 200
# The queue keeps short waits; the sweeper finds the ends of long ones.
LONGEST_COUNTDOWN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to one address about something (its uuid). From `until` on nobody needs it.

    Subject and text are words of ours, with ids, counts and times: nothing that a caller wrote goes to an address that
    a caller chose.
    """

    to: str
    subject: str
    text: str
    about: UUID
    until: datetime


def post(client_id: int, letters: Sequence[Letter]) -> None:
    """Write mails in the running transaction, inside `scope(client_id)`; workers are woken when it has committed."""
    now = timezone.now()
    rows = Mail.objects.bulk_create(
        Mail(
            client_id=client_id,
            to=letter.to,
            subject=letter.subject,
            text=letter.text,
            about=letter.about,
            message_id=f"<{uuid4().hex}@{own_domain()}>",
            queued_at=now,
            due_at=now,
            until=letter.until,
        )
        for letter in letters
    )
    for row in rows:
        wake_after_commit(client_id, row.pk)


def own_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def send_again(mail: Mail) -> bool:
    """Queue a mail that was given up once more, with all its tries. False: it is not given up, or is too late."""
    now = timezone.now()
    again = {"status": Mail.Status.WAITING, "tries": 0, "due_at": now, "finished_at": None}
    given_up = Mail.objects.filter(client_id=mail.client_id, id=mail.pk, status=Mail.Status.GIVEN_UP, until__gt=now)
    if not given_up.update(**again):
        return False
    wake_after_commit(mail.client_id, mail.pk)
    return True


# ---------------------------------------------------------------- waking


def wake_after_commit(client_id: int, mail_id: int, wait: timedelta = timedelta(0)) -> None:
    transaction.on_commit(partial(wake, client_id, mail_id, wait))


def wake(client_id: int, mail_id: int, wait: timedelta = timedelta(0)) -> None:
    from portal.mail.tasks import deliver

    if wait <= LONGEST_COUNTDOWN:
        tasks.wake(deliver, client_id, mail_id, wait=wait)


def wake_due(now: datetime, most: int = WOKEN_AT_ONCE) -> int:
    """Over all clients: wake those whose time has come, the longest due first; how many."""
    with connection.cursor() as cursor:
        cursor.execute("select client_id, id from mails_due(%s, %s)", [now, most])
        found = cursor.fetchall()
    for client_id, mail_id in found:
        wake(client_id, mail_id)
    return len(found)


def sweep(now: datetime) -> int:
    """Wake what the queue lost, how many; forget what is done with."""
    with connection.cursor() as cursor:
        cursor.execute("select clients_with_done_mails(%s, %s)", [now, now - KEPT])
        clients = [client_id for (client_id,) in cursor.fetchall()]
    for client_id in clients:
        forget(client_id, now)
    return wake_due(now)


def forget(client_id: int, now: datetime) -> None:
    with scope(client_id):
        mine = Mail.objects.filter(client_id=client_id).exclude(status=Mail.Status.WAITING)
        mine.filter(finished_at__lt=now - KEPT).delete()
        mine.filter(until__lte=now).exclude(text="").update(text="")
