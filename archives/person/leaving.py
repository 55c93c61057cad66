"""An erasure in the hands of a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from archives.person.finding import Person
from archives.person.models import Erasure
from portal.access.isolation import scope


class Lost(Exception):
    """It is another worker's by now."""


class Waiting(Exception):
    """Something is not gone yet; the message says what, in words for everybody."""


@dataclass
class Erasing:
    """`erasure` as it was claimed, and whose everything is to go."""

    erasure: Erasure
    person: Person
    lease: timedelta

    @property
    def client_id(self) -> int:
        return self.person.client_id

    def beat(self) -> None:
        """Hold it for longer; Lost where it is not one's own any more."""
        with scope(self.client_id):
            self.keep()

    def keep(self, **done: object) -> None:
        """Write down what was done, in the running transaction: Lost rolls it back."""
        done = {"due_at": timezone.now() + self.lease} | done
        mine = Erasure.objects.filter(client_id=self.client_id, id=self.erasure.pk, worker=self.erasure.worker)
        if not mine.update(**done):
            raise Lost
        for name, value in done.items():
            setattr(self.erasure, name, value)

    def also(self, **counts: int) -> None:
        """Add to what went beside calls, CDRs, recordings and messages; in the transaction in which it went."""
        known = self.erasure.also
        told = {name: known.get(name, 0) + count for name, count in counts.items() if count}
        if told:
            self.keep(also=known | told)
