"""The workers' part of the mail, done in the test's own process: the real outbox and real sockets, without a queue."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from portal.mail import outbox, sending


class Postman:
    """`waking` are the jobs that the queue would have; those that are to wait are in `later`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waking: deque[tuple[int, int]] = deque()
        self.later: list[tuple[int, timedelta]] = []
        monkeypatch.setattr(outbox, "wake", self.wake)

    def wake(self, client_id: int, mail_id: int, wait: timedelta = timedelta(0)) -> None:
        if wait:
            self.later.append((mail_id, wait))
        elif (client_id, mail_id) not in self.waking:
            self.waking.append((client_id, mail_id))

    def work(self) -> int:
        """All that is in the queue, and what comes of it; how many mails were taken."""
        taken = 0
        while self.waking:
            taken += sending.deliver(*self.waking.popleft())
        return taken
