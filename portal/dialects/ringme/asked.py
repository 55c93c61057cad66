"""A resource's rows by the parameters of a request: what the lists and the totals of ringme have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts.bearer import BoundBearerAuthentication
from portal.dialects.door import Refused
from portal.dialects.fields import Fields
from portal.dialects.locks import alone
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme import realms
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.links import completed, completed_json
from portal.dialects.ringme.lists import Listing, Paging, Row, listed
from portal.dialects.ringme.params import period, renamed, split, two_months
from portal.dialects.rows import Position
from portal.dialects.shapes import Question
from records.totals import Tally, far_down, totals

BUSY = "Stats request already exists, concurrent request not allowed"
SEARCHES = frozenset({"number"})
# No row has this id: a place with it lies between the rows before a time and those from it on.
BEFORE_ALL = 0


@dataclass(frozen=True, eq=False)
class Resource:
    """The rows of one resource and how they look; `with_links` to those who may have storage links.

    `tally` says which rows there are and which counters stand for them, `totals` what its totals add up. `steady`:
    the filters whose values leave the statement as it is (portal.dialects.shapes).
    """

    tally: Tally
    totals: tuple[Tally, ...]
    fields: Fields
    with_links: Fields
    steady: frozenset[str]
    envelope: tuple[str, ...] | None = None
    default_page: int = 0

    def rows(self, principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """What the filters let through of what is within the principal's reach and the realm's."""
        return self.tally.filterset.narrowed(self.visible(principal, within), values)

    def visible(self, principal: Principal, within: Mapping[str, Any]) -> Any:
        rows = self.tally.visible(principal)
        return rows.filter(**within) if within else rows

    def cleaned(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values as the FilterSet takes them. Raises BadParameters by the vendor's names."""
        filterset = self.tally.filterset(values, None)
        if not filterset.is_valid():
            raise renamed(filterset.errors)
        return filterset.cleaned


class InOrder(BoundBearerAuthentication):
    settings = IN_ORDER


class RealmDoor(RingmeDoor):
    """A view in a realm (`realm` and `owner` of the address)."""

    def enter(self) -> dict[str, Any]:
        """What narrows rows to the realm. Refused where it is not the principal's to enter."""
        return realms.enter(self.principal, self.kwargs["realm"], self.kwargs["owner"])


class ListDoor(RealmDoor):
    authentication_classes = [InOrder]
    resource: ClassVar[Resource]

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        resource, who, within = self.resource, self.principal, self.enter()
        values, paging = split(two_months(self.values()))
        chosen = Paging.of(paging, resource.default_page)
        question = Question(resource.rows, who, within, resource.cleaned(values), resource.steady, SEARCHES)
        linked = who.may("record:link")

        def jump(skip: int) -> tuple[Position | None, int]:
            start = far_down(resource.tally, who, values, within, skip, ascending=chosen.ascending)
            return (None, skip) if start is None else (Position(start.time, BEFORE_ALL), start.skip)

        assert who.client_id is not None
        listing = Listing(
            question,
            resource.with_links if linked else resource.fields,
            who.client_id,
            finish=with_links if linked else None,
            finish_json=completed_json if linked else None,
            asks=False,
            jump=jump,
            envelope=resource.envelope,
        )
        return listed(self, listing, chosen)


class StatsDoor(RealmDoor):
    resource: ClassVar[Resource]

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        within = self.enter()
        values = self.resource.cleaned(period(self.values()))
        assert self.principal.client_id is not None
        if not alone("stats", self.principal.client_id):
            raise Refused(429, BUSY, "rate_limit_exceeded")
        found = totals(self.principal, values, within, *self.resource.totals)
        return self.json({"files_size": found.bytes, "records_count": found.files})


def with_links(rows: list[Row], ids: list[int]) -> list[Row]:
    return [completed(row) if row["storage_url"] else row for row in rows]
