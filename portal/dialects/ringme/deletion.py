"""DELETE of a recording or a voice message, or of those of a period: into the client's trash."""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse, QueryDict
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts.basic import FileAuthentication
from portal.accounts.bearer import BoundBearerAuthentication
from portal.clients.models import Extension
from portal.dialects.bodies import whole_body
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Params, Wrong
from portal.dialects.ringme.asked import ListDoor
from portal.dialects.ringme.heard import FileDoor
from portal.dialects.ringme.params import FILTERS, PERIOD, two_months
from portal.dialects.ringme.realms import not_found
from records.deletion import trash
from records.holding import held_among, holds_on
from records.models import Deletion, Heard

RANGE = PERIOD | {"extension_id": FILTERS["extension_id"]}


class DeletingList(ListDoor):
    """The list, and DELETE of what it shows of a period, and of one's extensions where they are named."""

    http_method_names = ["get", "head", "delete"]
    params_of: ClassVar[dict[str, Params]] = {"DELETE": RANGE}

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        resource, who, within = self.resource, self.principal, self.enter()
        refuse_body(request._request)
        refuse_doubt(request._request.GET)
        values = resource.cleaned(two_months(self.values()))
        refuse_strangers(who, values.get("extensions", []))
        rows = resource.rows(who, within, values)
        assert who.client_id is not None
        deletion = trash(rows, who, Deletion.Via.API)
        kept = deletion.held if deletion else held_among(who.client_id, rows)
        if not kept:
            return HttpResponse(status=204)
        gone = deletion.files if deletion else 0
        return self.json({"message": some_held(gone, kept), "status": "held", "deleted": gone, "held": kept})


class PasswordForFiles(FileAuthentication):
    """Login and password open the file and do nothing else: a deletion wants a token."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        if request.method == "DELETE":
            return BoundBearerAuthentication.authenticate(self, request)
        return super().authenticate(request)

    def authenticate_header(self, request: Request) -> str:
        if request.method == "DELETE":
            return BoundBearerAuthentication.authenticate_header(self, request)
        return super().authenticate_header(request)


class DeletingFile(FileDoor):
    """The file, and DELETE of what it is the file of."""

    http_method_names = ["get", "head", "delete"]

    authentication_classes = [PasswordForFiles]

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        heard = self.heard()
        rows = type(heard).objects.visible_to(self.principal).filter(pk=heard.pk)
        if not trash(rows, self.principal, Deletion.Via.API):
            refuse_held(heard)
        return HttpResponse(status=204)


def refuse_held(heard: Heard) -> None:
    """Refused, where a legal hold keeps it."""
    (holds,) = holds_on(heard.client_id, [heard])
    if holds:
        raise Refused(
            409, f"It was not deleted, it is under legal hold: {'; '.join(hold.in_words for hold in holds)}", "held"
        )


def some_held(gone: int, kept: int) -> str:
    return f"{gone} deleted; {kept} not, under legal hold"


def refuse_body(request: HttpRequest) -> None:
    """Filters in a body would not be read, and the deletion be wider than was meant."""
    if whole_body(request):
        raise BadParameters(Wrong("body", "is not read here: what narrows a deletion belongs in the address"))


def refuse_doubt(query: QueryDict) -> None:
    """What reading passes over: an extension that a program left empty would be all, a second date the first."""
    empty = [name for name in query if not all(one.strip() for text in query.getlist(name) for one in text.split(","))]
    twice = [name for name in PERIOD if len(query.getlist(name)) > 1]
    if empty or twice:
        wrong = dict.fromkeys(empty, "is empty") | dict.fromkeys(twice, "is given twice")
        raise BadParameters(*(Wrong(name, message) for name, message in wrong.items()))


def refuse_strangers(who: Principal, extension_ids: list[int]) -> None:
    """An extension that is not there, or not one's own, is no filter: nothing is deleted. Refused."""
    wanted = set(extension_ids)
    if wanted and Extension.objects.visible_to(who).filter(pk__in=wanted).count() < len(wanted):
        raise not_found("extension")
