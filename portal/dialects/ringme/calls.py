"""…/calls/ and …/call_history/: whole calls, the latter with their CDRs, in the three realms."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from cdrs.facts import UUID
from cdrs.models import Call, Leg
from cdrs.queries import CallQuery
from cdrs.querysets import CallQuerySet, leg_reach
from portal.access.principal import Principal
from portal.access.statements import fetch
from portal.dialects.fields import Fields, rows_at
from portal.dialects.ringme.asked import SEARCHES, InOrder, RealmDoor
from portal.dialects.ringme.call_fields import CALLS, CDRS_OF_CALLS, CDRS_OF_CALLS_WITH_LINKS, PARTS, whole
from portal.dialects.ringme.fields import NAMES
from portal.dialects.ringme.links import completed
from portal.dialects.ringme.lists import Listing, Paging, Row, first_of, listed
from portal.dialects.ringme.params import DEFAULT_PAGE, ENVELOPE_PAGING, LEG_FILTERS, PERIOD, split, two_months
from portal.dialects.ringme.realms import not_found
from portal.dialects.shapes import SHAPES, Question, Slot

STEADY = frozenset({"start", "end", "result", "from_username", "to_username"})
Values = Mapping[str, Any]


class CallsDoor(RealmDoor):
    """Calls with at least one leg within reach, and of their legs those within reach and the realm."""

    deeds = {"GET": "cdr:read"}
    call_api = True

    def completed(self, rows: list[Row], ids: list[int], within: Values) -> list[Row]:
        """The rows of calls with what their legs add: these are read in one more statement, however many there are."""
        legs = legs_of(self.principal, within, ids, PARTS)
        return [whole(row, legs[call]) for row, call in zip(rows, ids, strict=True)]


class CallList(CallsDoor):
    authentication_classes = [InOrder]
    params = PERIOD | LEG_FILTERS | ENVELOPE_PAGING
    envelope: ClassVar[tuple[str, ...]] = ("calls", "page", "per_page", "order")

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        who, within = self.principal, self.enter()
        values, paging = split(two_months(self.values()))
        finish = partial(self.completed, within=within)
        assert who.client_id is not None
        listing = Listing(question(who, within, values), CALLS, who.client_id, finish=finish, envelope=self.envelope)
        return listed(self, listing, Paging.of(paging, DEFAULT_PAGE))


class WithCdrs(CallsDoor):
    def completed(self, rows: list[Row], ids: list[int], within: Values) -> list[Row]:
        linked = self.principal.may("record:link")
        legs = legs_of(self.principal, within, ids, CDRS_OF_CALLS_WITH_LINKS if linked else CDRS_OF_CALLS)
        return [
            whole(row, legs[call]) | {"cdr": [cdr(leg) for leg in legs[call]]}
            for row, call in zip(rows, ids, strict=True)
        ]


class CallHistory(WithCdrs, CallList):
    envelope = ("page", "per_page", "order", "call_history")


class CallOfHistory(WithCdrs):
    """One call with its CDRs, named by its `call_uuid`."""

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        within = self.enter()
        named = self.kwargs["call_uuid"]
        if not UUID.fullmatch(named):
            raise not_found("call")
        found = first_of(calls_of(self.principal, within).filter(call_uuid=uuid.UUID(named)), CALLS)
        if found is None:
            raise not_found("call")
        row, call = found
        return self.json(self.completed([row], [call], within)[0])


def question(who: Principal, within: Values, values: dict[str, Any]) -> Question:
    """The calls that are asked for. Where legs decide which these are, it begins with the legs where they are few."""
    asked = CallQuery(values, None).cleaned
    legs = {**leg_reach(who), **within}
    if "extensions" in values:
        legs |= {"extension_id__in": values["extensions"]}
    if not legs:
        return Question(client_calls, who, within, asked, STEADY, SEARCHES)
    assert who.client_id is not None
    calls = client_calls(who, within, asked)
    begun = calls.beginning_with_legs(who.client_id, **legs)
    found = begun if legs == leg_reach(who) else begun.with_leg(**legs)
    few = frozenset(asked) if begun is not calls else SEARCHES
    return Question(lambda *_: found, who, within, asked, frozenset(), few)


def client_calls(principal: Principal, within: Values, values: Values) -> CallQuerySet:
    return CallQuery.narrowed(Call.objects.visible_to(principal), values)


def calls_of(principal: Principal, within: Values) -> CallQuerySet:
    """The calls of a realm."""
    calls = Call.objects.visible_to(principal)
    return calls.with_leg(**leg_reach(principal), **within) if within else calls


def legs_of(who: Principal, within: Values, calls: list[int], fields: Fields) -> dict[int, list[Row]]:
    """The legs of these calls within reach and realm, by call, each call's in order of time."""
    found: dict[int, list[Row]] = defaultdict(list)
    asked = Question(legs_within, who, within, {}, STEADY)

    def build() -> tuple[str, list[Any]]:
        legs = asked.with_slots().queryset()
        sql, params = rows_at(legs, "call_id", Slot("calls"), Slot("client_id"))
        return fields.gathered(sql), params

    sql, params = SHAPES.filled((asked.shape, fields), build, asked.slots() | {"calls": calls})
    for values in sorted(fetch(sql, params, last=True), key=itemgetter(-2, -1)):
        row = dict(zip(fields.names, values, strict=False))
        found[row["call_id"]].append(row)
    return found


def legs_within(principal: Principal, within: Values, values: Values) -> Any:
    return Leg.objects.visible_to(principal).filter(**within)


def cdr(leg: Row) -> Row:
    return completed({name: leg[name] for name in NAMES.split()})
