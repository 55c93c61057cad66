"""Everything about a number at a glance: how much of each kind, what holds keep of it, and what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass

from archives.person.asking import counted, others_than
from archives.person.finding import Kept, Person
from archives.person.models import Erasure
from archives.person.own import Own, refuse_own
from archives.person.packs import sized
from portal.access.principal import Principal
from portal.holds.models import Hold
from portal.holds.queries import standing_holds
from records.totals import Totals


@dataclass(frozen=True)
class Seen:
    """`found` and `kept` are counts by kind; `archives` those that have something of it in them; `heard` what an access
    pack would have to hear. `others`: there is something that no hold keeps. `own` says what of the company's own the
    number is. `under_way` is the erasure that somebody has asked for, and that is not done yet.
    """

    person: Person
    found: dict[str, int]
    archives: int
    heard: Totals
    kept: dict[str, int]
    holds: list[Hold]
    others: bool
    own: str | None
    under_way: Erasure | None

    @property
    def goes(self) -> dict[str, int]:
        """What an erasure would take; CDRs go with their calls."""
        return {name: n - self.kept.get(name, 0) for name, n in self.found.items() if name != "cdrs"}


def look(who: Principal, number: str) -> Seen:
    """In `scope(client_id)`. Raises NoNumber."""
    assert who.client_id is not None
    person = Person.of(who.client_id, number)
    found, kept = counted(person), Kept(person, standing_holds(who.client_id))
    return Seen(
        person=person,
        found=found,
        archives=person.archives.count(),
        heard=sized(person),
        kept=kept.counts,
        holds=kept.by_whom() if kept.counts else [],
        others=others_than(kept.counts, found),
        own=own(person),
        under_way=Erasure.objects.visible_to(who).filter(plain_rev=person.plain).first(),
    )


def own(person: Person) -> str | None:
    try:
        refuse_own(person)
    except Own as reason:
        return str(reason)
    return None


def percent(erasure: Erasure) -> int:
    """How much of what was found is gone. In `scope(client_id)`."""
    if erasure.plain_rev is None:
        return 100
    total = sum(erasure.found.values())
    left = sum(counted(Person(erasure.client_id, erasure.plain_rev)).values())
    return min(99, 100 * max(0, total - left) // total) if total else 0
