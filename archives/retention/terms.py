"""The days for which things are kept: a client's own, and those of groups that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple

from archives.retention.models import FOR_EVER, GroupPolicy
from portal.clients import settings as client_settings
from portal.clients.models import Client, ExtensionGroup

RECORDS, VOICEMESSAGES, CDRS, ARCHIVES = "records", "voicemessages", "cdrs", "archives"
# What groups can have days of their own for; archives are the client's.
OF_GROUPS = (RECORDS, VOICEMESSAGES, CDRS)
KINDS = (*OF_GROUPS, ARCHIVES)
Days = int | None  # None: for ever


class Segment(NamedTuple):
    """Rows of which what began before `cutoff` goes: those of one group (None: of none), or of `every` group."""

    cutoff: datetime
    group_id: int | None = None
    every: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """`client`: days of each of KINDS. `groups`: by group, days of those kinds alone in which it differs."""

    client: Mapping[str, Days]
    groups: Mapping[int, Mapping[str, Days]]

    def days(self, kind: str, group_id: int | None) -> Days:
        """What is no group's is kept as the client's, and so is that of a group without days of its own."""
        own = self.groups.get(group_id, {}) if group_id is not None else {}
        return own.get(kind, self.client[kind])

    def cutoff(self, kind: str, group_id: int | None, utc_day: date) -> datetime | None:
        """In a run of `utc_day` goes what began before this; None: nothing."""
        days = self.days(kind, group_id)
        return None if days is None else midnight(utc_day - timedelta(days=days))

    def segments(self, kind: str, utc_day: date, group_ids: list[int]) -> Iterator[Segment]:
        """Of a client's groups what goes in a run of `utc_day`: one segment where they are all kept alike."""
        alike = not any(kind in own for own in self.groups.values())
        for group_id in [None] if alike else [None, *group_ids]:
            cutoff = self.cutoff(kind, group_id, utc_day)
            if cutoff is not None:
                yield Segment(cutoff, group_id, every=alike)

    @property
    def are_any(self) -> bool:
        """Whether anything ever goes."""
        all_days = [*self.client.values(), *(days for own in self.groups.values() for days in own.values())]
        return any(days is not None for days in all_days)

    def longer(self, other: Terms) -> Terms:
        """What both keep: of each kind and group the longer of the two."""
        groups = sorted(self.groups.keys() | other.groups.keys())
        pairs = {None: KINDS} | dict.fromkeys(groups, OF_GROUPS)
        days = {
            group_id: {kind: longer(self.days(kind, group_id), other.days(kind, group_id)) for kind in kinds}
            for group_id, kinds in pairs.items()
        }
        client = days.pop(None)
        own = {key: {kind: n for kind, n in found.items() if n != client[kind]} for key, found in days.items()}
        return Terms(client, {key: found for key, found in own.items() if key is not None and found})

    def as_json(self) -> dict[str, Any]:
        """null: for ever. Groups by their ids, with those kinds alone in which they differ."""
        groups = {str(group_id): dict(own) for group_id, own in sorted(self.groups.items())}
        return {"client": dict(self.client), "groups": groups}


def longer(one: Days, other: Days) -> Days:
    return None if one is None or other is None else max(one, other)


def midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def read(told: Mapping[str, Any]) -> Terms:
    """The terms that `as_json` told."""
    return Terms(told["client"], {int(key): own for key, own in told["groups"].items()})


def of_client(client: Client) -> Terms:
    """As they stand; inside `scope(client.pk)`."""
    own = {kind: client_settings.value(client, setting_of(kind)) for kind in KINDS}
    policies = GroupPolicy.objects.filter(client_id=client.pk)
    return Terms(own, {policy.group_id: differing(policy) for policy in policies})


def setting_of(kind: str) -> str:
    return f"retention_{kind}_days"


def differing(policy: GroupPolicy) -> dict[str, Days]:
    """The kinds in which a group's policy differs from the client's."""
    told = {kind: getattr(policy, f"{kind}_days") for kind in OF_GROUPS}
    return {kind: None if days == FOR_EVER else days for kind, days in told.items() if days is not None}


def groups_of(client_id: int) -> list[int]:
    """All of a client's groups: those that calls were made in are never deleted."""
    return list(ExtensionGroup.objects.filter(client_id=client_id).order_by("id").values_list("id", flat=True))
