"""Asking for an erasure: one deed, by whatever door. All is looked at before anything is promised, or refused.

    with scope(client_id):
        erasure = ask(principal, "+44 20 7946 0123", Deletion.Via.API)

From the commit on nothing of the number is heard, no link to it works, and nothing old of it comes in; a worker removes
it (archives.person.working).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection
from django.utils import timezone

from archives.person.finding import Kept, Person
from archives.person.hiding import hide
from archives.person.models import Erasure, State
from archives.person.own import refuse_own
from archives.person.waking import wake_after_commit
from cdrs.ingest.erased import bury_number
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.holds.models import Hold
from portal.holds.queries import standing_holds


class Refusal(Exception):
    """Nothing is erased."""


class Held(Refusal):
    """Legal holds keep something of it: so much of each kind. `others`: the rest may go, by an explicit word."""

    def __init__(self, counts: dict[str, int], holds: Sequence[Hold], *, others: bool) -> None:
        why = "; ".join(hold.in_words for hold in holds)
        super().__init__(f"Nothing was erased. Under legal hold: {in_words(counts)} ({why})")
        self.counts, self.holds, self.others = counts, holds, others


class UnderWay(Refusal):
    """Somebody has asked for the same, and it is not done yet."""

    def __init__(self, erasure: Erasure) -> None:
        super().__init__("An erasure of this number is under way")
        self.erasure = erasure


WORDS = {
    "calls": ("call", "calls"),
    "cdrs": ("CDR", "CDRs"),
    "records": ("recording", "recordings"),
    "voicemessages": ("voice message", "voice messages"),
}


def in_words(counts: Mapping[str, int]) -> str:
    """`3 calls, 1 recording`."""
    said = [f"{count:,} {words[count != 1]}" for name, words in WORDS.items() if (count := counts.get(name, 0))]
    return ", ".join(said) or "nothing"


def ask(who: Principal, number: str, via: str, *, partly: bool = False) -> Erasure:
    """Have everything about a number erased; `partly`: but what a legal hold keeps. In `scope(client_id)`.

    Raises NoNumber, Own and Refusal.
    """
    assert who.client_id is not None
    person = Person.of(who.client_id, number)
    refuse_own(person)
    alone(person)
    if under_way := Erasure.objects.visible_to(who).filter(plain_rev=person.plain).first():
        raise UnderWay(under_way)
    found, kept = counted(person), Kept(person, standing_holds(who.client_id))
    refuse_held(found, kept, partly=partly)
    return promise(who, person, number, via, partly=partly, found=found)


def alone(person: Person) -> None:
    """Of two that ask for the same at once the second finds the first."""
    with connection.cursor() as cursor:
        name = f"archives.person:{person.client_id}:{person.plain}"
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


def counted(person: Person) -> dict[str, int]:
    """How many there are of each kind."""
    rows = {
        "calls": person.calls,
        "cdrs": person.cdrs,
        "records": person.records,
        "voicemessages": person.messages,
    }
    return {name: mine.count() for name, mine in rows.items()}


def refuse_held(found: dict[str, int], kept: Kept, *, partly: bool) -> None:
    counts = kept.counts
    if not counts:
        return
    others = others_than(counts, found)
    if not partly or not others:
        raise Held(counts, kept.by_whom(), others=others)


def others_than(kept: Mapping[str, int], found: Mapping[str, int]) -> bool:
    """Whether there is more than is kept. What may go is heard, or is a call: CDRs go and stay with their calls."""
    return any(found[name] > kept.get(name, 0) for name in ("calls", "records", "voicemessages"))


def promise(who: Principal, person: Person, number: str, via: str, *, partly: bool, found: dict[str, int]) -> Erasure:
    now = timezone.now()
    bury_number(person.client_id, person.plain, now)
    erasure = Erasure.objects.create(
        client_id=person.client_id,
        number=number,
        plain_rev=person.plain,
        partly=partly,
        via=via,
        asked_at=now,
        due_at=now,
        user_id=who.user_id,
        application_id=who.application_id,
        asked_by=who.name,
        state=State.ASKED,
        found=found,
    )
    note(Action.ERASURE, who, ("erasure", erasure.uuid), deed="asked", partly=partly, via=str(via), **found)
    hide(erasure, person)
    wake_after_commit(erasure)
    return erasure
