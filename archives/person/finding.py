"""Everything about a number: its calls with their CDRs and recordings, its voice messages, archives and holds.

Numbers are compared as holds compare them, letters and digits whole, each column by its own index. A call is a number's
if it is from or to it, or if it took part in it as somebody from outside.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from archives.models import Archive, ArchiveMember
from archives.models import Kind as ArchiveKind
from cdrs.holding import NUMBERS, facts_of_leg, held_calls
from cdrs.holding import facts_of as facts_of_call
from cdrs.models import Call, Leg, Participant
from portal.access.principal import whole_client
from portal.clients.numbers import plain_rev
from portal.holds.models import Hold
from portal.holds.queries import OpenHolds, why_held
from records.holding import NUMBERS_OF_MESSAGES, facts_of, held_ids
from records.models import Capture, Record, VoiceMessage


class NoNumber(ValueError):
    """There is nothing in it to compare."""


@dataclass(frozen=True)
class Person:
    """A number of a client, as it is compared. Its rows are asked for inside `scope(client_id)`.

    `legs` and `strays` are ids of CDRs in others' calls, and of recordings without a call, that are its own as well:
    no index knows them, an erasure searches for them (archives.person.mentions).
    """

    client_id: int
    plain: str
    legs: tuple[int, ...] = ()
    strays: tuple[int, ...] = ()

    @classmethod
    def of(cls, client_id: int, number: str) -> Person:
        """Raises NoNumber."""
        plain = plain_rev(number)
        if not plain:
            raise NoNumber("digits or letters are needed")
        return cls(client_id, plain)

    def mine(self, model: Any) -> Any:
        return model.objects.visible_to(whole_client(self.client_id)).order_by()

    @property
    def calls(self) -> QuerySet[Call]:
        of_ends = (self.mine(Call).filter(**{column: self.plain}).values("id") for column in NUMBERS)
        joined = self.mine(Participant).filter(type="External", phone_plain_rev=self.plain).values("call_id")
        found: QuerySet[Call] = self.mine(Call).filter(id__in=joined.union(*of_ends))
        return found

    @property
    def cdrs(self) -> QuerySet[Leg]:
        found: QuerySet[Leg] = self.mine(Leg).filter(call_id__in=self.calls.values("id"))
        return found

    @property
    def records(self) -> Any:
        """Its recordings, those in the trash too."""
        mine = Q(call_id__in=self.calls.values("id"))
        if self.legs or self.strays:
            mine |= Q(leg_id__among=self.legs) | Q(id__among=self.strays)
        return self.mine(Record).filter(mine)

    @property
    def messages(self) -> Any:
        of_ends = (
            self.mine(VoiceMessage).filter(**{column: self.plain}).values("id") for column in NUMBERS_OF_MESSAGES
        )
        first, second = of_ends
        return self.mine(VoiceMessage).filter(id__in=first.union(second))

    @property
    def captures(self) -> QuerySet[Capture]:
        of_calls = Q(call_id__in=self.calls.values("id")) | Q(leg_id__in=self.cdrs.values("id"))
        of_calls |= Q(leg_id__among=self.legs)
        found: QuerySet[Capture] = self.mine(Capture).filter(of_calls)
        return found

    @property
    def archives(self) -> QuerySet[Archive]:
        """Those that have something of it in them, and those that were asked for it."""
        members = self.mine(ArchiveMember)
        of_records = members.filter(record_id__in=self.records.values("id")).values("archive_id")
        of_messages = members.filter(voicemessage_id__in=self.messages.values("id")).values("archive_id")
        packs = Q(kind=ArchiveKind.PERSON, number=self.plain)
        found: QuerySet[Archive] = self.mine(Archive).filter(packs | Q(id__in=of_records.union(of_messages)))
        return found


@dataclass(frozen=True)
class Kept:
    """What open holds keep of a person, and which: nothing of it may be deleted. Ask in the deletion's transaction."""

    person: Person
    holds: OpenHolds

    @cached_property
    def records(self) -> list[int]:
        return sorted(held_ids(self.person.client_id, self.person.records))

    @cached_property
    def messages(self) -> list[int]:
        return sorted(held_ids(self.person.client_id, self.person.messages))

    @cached_property
    def calls(self) -> list[int]:
        """A recording that is held keeps its call, too."""
        of_records = self.person.mine(Record).filter(id__among=self.records).values("call_id")
        held = held_calls(self.person.client_id, self.holds) | Q(id__in=of_records)
        return sorted(self.person.calls.filter(held).values_list("id", flat=True))

    @property
    def counts(self) -> dict[str, int]:
        found = {"calls": len(self.calls), "records": len(self.records), "voicemessages": len(self.messages)}
        return {name: count for name, count in found.items() if count}

    def by_whom(self) -> list[Hold]:
        """The holds, the oldest first."""
        calls = list(self.person.mine(Call).filter(id__among=self.calls))
        by_id = {call.pk: call for call in calls}
        legs = self.person.mine(Leg).filter(call_id__among=self.calls)
        records = self.person.mine(Record).filter(id__among=self.records).select_related("call")
        messages = self.person.mine(VoiceMessage).filter(id__among=self.messages)
        facts = [
            *map(facts_of_call, calls),
            *(facts_of_leg(leg, by_id[leg.call_id]) for leg in legs),
            *map(facts_of, records),
            *map(facts_of, messages),
        ]
        found = {hold.pk: hold for holds in why_held(self.person.client_id, facts) for hold in holds}
        return [found[pk] for pk in sorted(found)]
