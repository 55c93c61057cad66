"""The two views of every resource: many (list, make) and one (read, change, delete)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from django.db.models import Model
from django.http import HttpResponse
from rest_framework.request import Request

from portal.access.permissions import READING
from portal.access.principal import Principal
from portal.audit.changes import changed
from portal.clients.models import Client
from portal.dialects.bodies import Body, Field, read_fields, text, told
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, Params, Wrong, whole
from portal.dialects.ringme import realms
from portal.dialects.ringme.config.fields import Answer
from portal.dialects.ringme.config.storing import Rule, reachable, still_needed, store, unchanged, vendor_names
from portal.dialects.ringme.envelope import RingmeDoor
from portal.dialects.ringme.lists import Paging
from portal.dialects.ringme.params import split
from portal.dialects.ringme.realms import not_found
from portal.web.filtersets import LeanFilterSet

PAGES: dict[str, Param] = {name: Param(name, whole) for name in ("page", "per_page", "count", "limit")}
NOTE = text(64 * 1024)  # a comment, extra parameters: kept as they are


class ConfigDoor(RingmeDoor):
    """A resource of a client: `what` is its noun. Only who administers the client changes it.

    `answer`: what is told of a row. `body`: what a caller may set; `own`: what the portal alone does. `unique`: the
    vendor's name of what no two rows share. `narrow`: the columns of the realms' ids. `reach`: which rows a field may
    name. `within`: what narrows the rows to the realm of the address.
    """

    what: ClassVar[str]
    model: ClassVar[Any]
    answer: ClassVar[Answer]
    body: ClassVar[Body] = {}
    own: ClassVar[tuple[str, ...]] = ()
    unique: ClassVar[str] = "name"
    narrow: ClassVar[dict[str, str]] = {}
    reach: ClassVar[dict[str, Callable[[Principal], Any]]] = {}
    within: dict[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in self.allowed_methods:
            self.within = self.enter()
            if request.method not in READING and not self.principal.administers:
                self.must_see()
                raise Refused(403, "Only who administers the client may change it", "access_denied")

    def enter(self) -> dict[str, Any]:
        """What narrows rows to the realm; nothing at an address without one. Refused: `<realm>_not_found`."""
        if "realm" not in self.kwargs:
            return {}
        found = realms.enter(self.principal, self.kwargs["realm"], self.kwargs["owner"])
        return {self.narrow[name]: value for name, value in found.items()}

    def rows(self) -> Any:
        """What the caller sees of it in the realm."""
        return self.model.objects.visible_to(self.principal).filter(**self.within)

    def shown(self, row: Model) -> dict[str, Any]:
        return {name: get(row) for name, get in self.answer.items()}

    # -------------------------------------------------------- writing

    def write(self, row: Any) -> dict[str, Any]:
        """Put what the request's body says into a new row, or one that is locked; what was said, by canonical names.
        Raises BadParameters.
        """
        names, fresh = self.names(), row._state.adding
        values = read_fields(self.fields_of(row), told(self.request._request), partial=not fresh)
        values.pop("", None)
        rules = self.give(row, values)
        if fresh:
            self.keep_to_realm(row, names)
        store(row, names, rules, unique=self.unique)
        changed(self.principal, row, "made" if fresh else "changed", values)
        return values

    def fields_of(self, row: Any) -> Body:
        """The fields that the body may have; those of the portal's own go nowhere."""
        current = self.shown(row)
        table = {**self.body, **{name: Field("", unchanged(current[name])) for name in self.own}}
        for name, rows in self.reach.items():
            table[name] = replace(table[name], read=reachable(table[name].read, rows(self.principal), current[name]))
        return table

    def names(self) -> dict[str, str]:
        """The model's name of a field -> the vendor's."""
        return vendor_names(self.body)

    def give(self, row: Any, values: dict[str, Any]) -> list[Rule]:
        """Set the row's columns. Gives rules beside the model's own; raises BadParameters."""
        for name, value in values.items():
            setattr(row, name, value)
        return []

    def keep_to_realm(self, row: Any, names: dict[str, str]) -> None:
        """What is made at the address of a group is made in that group."""
        for name, value in self.within.items():
            if getattr(row, name) != value:
                raise BadParameters(Wrong(names[name], f"is {value} at this address"))


class Many(ConfigDoor):
    """GET: a bare array, by id. POST: 201 and what was made."""

    http_method_names = ["get", "head", "post"]
    deeds = {"GET": "config:read", "POST": "config:write"}
    params: ClassVar[Params] = PAGES
    filters: ClassVar[type[LeanFilterSet]] = LeanFilterSet

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        values, paging = split(self.values())
        page = Paging.of(paging)
        rows = self.filters.narrowed(self.rows(), self.asked(values)).order_by("id")
        rows = page.cut(rows)
        return self.json([self.shown(row) for row in rows])

    def asked(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values as the FilterSet takes them."""
        return values

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        row = self.blank(Client.objects.visible_to(self.principal).get())
        self.write(row)
        return self.json(self.shown(row), 201)

    def blank(self, client: Client) -> Any:
        """A new row of the realm, not saved."""
        return self.model(client=client, **self.within)


class One(ConfigDoor):
    """GET. PUT: 200 and the row as it is now; what is not named stays. DELETE: 204."""

    http_method_names = ["get", "head", "put", "delete"]
    place: ClassVar[str]  # the part of the address with its id
    deeds = {"GET": "config:read", "PUT": "config:write", "DELETE": "config:write"}

    def row(self, *, to_change: bool = False) -> Any:
        """The row that the address names. Refused: it is not found."""
        rows = self.rows().select_for_update(of=("self",)) if to_change else self.rows()
        named = self.kwargs[self.place]
        found = rows.filter(pk=int(named)).first() if realms.is_id(named) else None
        if found is None:
            raise not_found(self.what)
        return found

    def must_see(self) -> None:
        self.within = self.enter()
        self.row()

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        return self.json(self.shown(self.row()))

    def put(self, request: Request, **kwargs: Any) -> HttpResponse:
        row = self.row(to_change=True)
        self.write(row)
        return self.json(self.shown(row))

    def delete(self, request: Request, **kwargs: Any) -> HttpResponse:
        row = self.row(to_change=True)
        row_id = row.pk
        self.remove(row)
        row.pk = row_id  # deleting forgets it
        changed(self.principal, row, "deleted")
        return HttpResponse(status=204)

    def remove(self, row: Any) -> None:
        """Refused with 409 where something still needs it."""
        if still_needed(row):
            raise in_use(f"The {self.what.replace('_', ' ')} was not deleted: something belongs to it")


class Read(ConfigDoor):
    """To be mixed with Many or One where a realm only shows."""

    http_method_names = ["get", "head"]
    deeds = {"GET": "config:read"}


def in_use(message: str) -> Refused:
    return Refused(409, message, "in_use")
