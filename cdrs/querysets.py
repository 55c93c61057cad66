"""The words in which calls and legs are asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.lookups import StartsWith

from portal.access.principal import Principal, Reach
from portal.access.querysets import OwnedQuerySet

FEW_LEGS = 2000


def is_plain(character: str) -> bool:
    return character == "*" or (character.isascii() and character.isalnum())


class PrefixOf(StartsWith):
    """`column ^@ 'prefix'`: leak-proof, so its index serves under row-level security, where LIKE's does not."""

    lookup_name = "begins"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        left, left_params = self.process_lhs(compiler, connection)
        return f"{left} ^@ %s", [*left_params, self.rhs]


models.TextField.register_lookup(PrefixOf)


def number_like(column: str, pattern: str) -> Q:
    """The rows whose number, stripped to letters and digits, matches a pattern with `*`, as a condition.

    Numbers are stored from their end on, `<column>_plain_rev`: a whole number and its last digits are found by that
    index. Patterns with an open end match many calls, and are met on the way through the client's time index.
    """
    from_end = "".join(character for character in pattern if is_plain(character))[::-1]
    if "*" not in from_end:
        return Q(**{f"{column}_plain_rev": from_end})
    known = from_end.rstrip("*")
    if "*" not in known:
        return Q(**{f"{column}_plain_rev__begins": known})
    return Q(**{f"{column}_plain_rev__regex": "^" + from_end.replace("*", ".*") + "$"})


def leg_reach(principal: Principal) -> dict[str, int | None]:
    """The conditions that put a leg within a principal's reach; none for who sees the whole client."""
    return {
        Reach.GROUP: {"group_id": principal.group_id},
        Reach.EXTENSION: {"extension_id": principal.extension_id},
    }.get(principal.reach, {})


class EachExists(Exists):
    """EXISTS asked of row after row. Without the OFFSET PostgreSQL turns it into a join of all legs in reach, which it
    takes for few (the policy's condition beside our own misleads it), and sorts every call for a page of fifty."""

    template = "EXISTS(%(subquery)s OFFSET 0)"


class ThroughLegs(OwnedQuerySet):
    """Rows that are seen by whoever has a leg of their call in reach."""

    call_column = "call_id"

    def within_reach(self, principal: Principal) -> Self:
        reach = leg_reach(principal)
        if not reach or None in reach.values():
            return self.none()
        return self.with_leg(**reach)

    def with_leg(self, **conditions: Any) -> Self:
        """Rows whose call has a leg under these conditions."""
        return self.filter(self.has_leg(**conditions))

    def has_leg(self, **conditions: Any) -> EachExists:
        from cdrs.models import Leg

        mine = {"client_id": OuterRef("client_id"), "call_id": OuterRef(self.call_column)}
        return EachExists(Leg.objects.filter(**mine, **conditions))


class OfCallQuerySet(ThroughLegs):
    """What happened in calls. Of a call in reach one sees what concerns everybody, and one's own extensions' part."""

    def within_reach(self, principal: Principal) -> Self:
        reach = leg_reach(principal)
        if not reach or None in reach.values():
            return self.none()
        return self.with_leg(**reach).filter(self.for_everybody() | Q(self.has_leg(**reach, **self.its_extension())))

    def for_everybody(self) -> Q:
        raise NotImplementedError

    def its_extension(self) -> dict[str, OuterRef]:
        """The conditions that make a leg that of a row's own extension."""
        raise NotImplementedError


class ParticipantQuerySet(OfCallQuerySet):
    """Who is outside is seen by all who see the call; a colleague is known by the number of the extension."""

    def for_everybody(self) -> Q:
        return Q(type="External")

    def its_extension(self) -> dict[str, OuterRef]:
        return {"extension__number": OuterRef("phone_number")}


class CallEventQuerySet(OfCallQuerySet):
    def for_everybody(self) -> Q:
        return Q(extension__isnull=True)

    def its_extension(self) -> dict[str, OuterRef]:
        return {"extension": OuterRef("extension_id")}


class CallQuerySet(ThroughLegs):
    call_column = "id"

    def between(self, start: datetime | None, end: datetime | None) -> Self:
        """Calls that started in [start, end)."""
        calls = self if start is None else self.filter(started_at__gte=start)
        return calls if end is None else calls.filter(started_at__lt=end)

    def with_number(self, pattern: str) -> Self:
        """Calls from or to a number; `*` stands for any symbols."""
        return self.filter(number_like("caller", pattern) | number_like("called", pattern))

    def beginning_with_legs(self, client_id: int, **conditions: Any) -> Self:
        """The same calls of those with a leg under these conditions, found from the legs where these are few.

        Walking through all calls of a year for an extension that took part in a hundred would be a long way, and for
        one in every tenth the legs would be. The legs are counted up to FEW_LEGS, from an index alone.
        """
        from cdrs.models import Leg

        legs = Leg.objects.filter(client_id=client_id, **conditions).order_by()
        if legs.values("id")[: FEW_LEGS + 1].count() > FEW_LEGS:
            return self
        return self.filter(id__in=set(legs.values_list("call_id", flat=True)))

    def heard_by(self, principal: Principal, wanted: bool = True) -> Self:
        """Calls of which the principal can hear something; those of which it cannot, where that is wanted."""
        mine = {"client_id": OuterRef("client_id"), "call_id": OuterRef("id")}
        records = apps.get_model("records.Record").objects.visible_to(principal).available().filter(**mine)
        # The counter follows a large deletion within seconds; it spares most calls without a recording the look.
        heard = Q(EachExists(records)) & Q(recordings__gt=0)
        return self.filter(heard if wanted else ~heard)


class LegQuerySet(OwnedQuerySet):
    def between(self, start: datetime, end: datetime) -> Self:
        """Legs that began in [start, end], both ends included as the papers have it."""
        return self.filter(init_time__gte=start, init_time__lte=end)
