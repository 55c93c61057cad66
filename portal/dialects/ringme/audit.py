"""…/audit/: the ledger of a client, for who administers it. As JSON by cursor, or as CSV where that is accepted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.audit import exporting
from portal.audit.actions import Action, ActorKind
from portal.audit.ledger import note
from portal.audit.models import Entry
from portal.dialects.fields import Fields, Keyed, Sql
from portal.dialects.params import Param, any_of, ids, moment, texts
from portal.dialects.ringme.asked import InOrder, RealmDoor
from portal.dialects.ringme.fields import fraction_kept
from portal.dialects.ringme.lists import Listing, Paging, listed
from portal.dialects.ringme.params import PAGING, SECOND, period, split
from portal.dialects.shapes import Question

AUDIT = Fields(
    Entry,
    {
        "id": "id",
        "time_gmt": fraction_kept("at"),
        "action": "action",
        "actor_type": "actor_kind",
        "actor_id": "actor_id",
        "target_type": Sql("nullif({}, '')", "target_kind"),
        "target_id": Sql("nullif({}, '')", "target"),
        "details": Sql("{}::json", "details"),
    },
    key=Keyed("at"),
)
FILTERS = {
    "start_datetime": Param("start", moment),
    "end_datetime": Param("end", moment),
    "action": Param("actions", any_of(*Action.values)),
    "actor_type": Param("actor_kinds", any_of(*ActorKind.values)),
    "actor_id": Param("actor_ids", ids),
    "target_id": Param("targets", texts),
}


class AuditList(RealmDoor):
    authentication_classes = [InOrder]
    deeds = {"GET": "audit:read"}
    params = FILTERS | PAGING

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        who, within = self.principal, self.enter()
        values, paging = split(self.values())
        values = bounded(values)
        if "text/csv" in request.headers.get("Accept", "") and request.method == "GET":
            return self.exported(values)
        assert who.client_id is not None
        question = Question(rows, who, within, values, frozenset())
        return listed(self, Listing(question, AUDIT, who.client_id), Paging.of(paging))

    def exported(self, values: dict[str, Any]) -> HttpResponseBase:
        """All that match, with what the chain is computed from. That it was taken out is noted."""
        note(Action.AUDIT_EXPORT, self.principal, what="entries", form="csv")
        body = exporting.lines(self.principal, lambda entries: entries.asked(values))  # type: ignore[attr-defined]
        response = StreamingHttpResponse(body, content_type=exporting.CONTENT_TYPE)
        response["Content-Disposition"] = 'attachment; filename="audit.csv"'
        return response


def bounded(values: dict[str, Any]) -> dict[str, Any]:
    """`start` and `end` may be absent; the second that `end` names belongs to the period. Raises BadParameters."""
    if "start" in values and "end" in values:
        return period(values)
    return values | {"end": values["end"] + SECOND} if "end" in values else values


def rows(principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    return Entry.objects.visible_to(principal).filter(**within).asked(values)
