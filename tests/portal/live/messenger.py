"""The messengers' work, done in the test's own process: the real outbox and real sockets, without a queue."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

import pytest

from portal.live import delivering, outbox


class Messenger:
    """`waking` are the jobs that the queue would have; those that are to wait are in `later`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.waking: deque[tuple[int, int]] = deque()
        self.later: list[tuple[int, timedelta]] = []
        monkeypatch.setattr(outbox, "wake", self.wake)

    def wake(self, client_id: int, delivery_id: int, wait: timedelta) -> None:
        if wait:
            self.later.append((delivery_id, wait))
        else:
            self.waking.append((client_id, delivery_id))

    def work(self) -> int:
        """All that is in the queue, and what comes of it; how many messages were taken."""
        taken = 0
        while self.waking:
            taken += delivering.deliver(*self.waking.popleft())
        return taken
