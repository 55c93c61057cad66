"""The extensions at either end of a call, as ringme describes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from django.db.models import Q

from portal.access.principal import Principal
from portal.clients.models import Extension, ExtensionStatus


class Ends(Protocol):
    """One extension's part in a call that lives: a CurrentCall, or a cdrs.live.Part."""

    @property
    def extension_id(self) -> int | None: ...
    @property
    def flow(self) -> str: ...
    @property
    def caller_number(self) -> str | None: ...
    @property
    def called_number(self) -> str | None: ...


class Parties:
    """Extensions at the ends of some calls, found in one look: one's own by id, the others by their numbers."""

    def __init__(self, principal: Principal, calls: Iterable[Ends]) -> None:
        ends = [(call.extension_id, call.caller_number, call.called_number) for call in calls]
        numbers = {number for _, *both in ends for number in both if number}
        wanted = Q(pk__in={extension_id for extension_id, *_ in ends}) | Q(number__in=numbers)
        rows = Extension.objects.visible_to(principal).filter(wanted).select_related("client") if ends else []
        self.by_id = {row.pk: row for row in rows}
        # A number may have been another extension's before.
        self.by_number = {row.number: row for row in rows if row.status != ExtensionStatus.RETIRED}

    def caller(self, call: Ends) -> Extension | None:
        return self.own(call) if call.flow == "out" else self.by_number.get(call.caller_number or "")

    def called(self, call: Ends) -> Extension | None:
        return self.by_number.get(call.called_number or "") if call.flow == "out" else self.own(call)

    def own(self, call: Ends) -> Extension | None:
        return self.by_id.get(call.extension_id or 0)

    def did(self, call: Ends) -> str | None:
        """The outside number that was called: known of calls from outside alone."""
        number = call.called_number
        inside = call.flow == "out" or self.by_number.get(call.caller_number or "") or number in self.by_number
        return None if inside else number


def full_name(extension: Extension) -> str:
    """`prefix*101@domain`."""
    return f"{extension.client.prefix}*{extension.number}@{extension.client.domain}"


def described(extension: Extension | None) -> dict[str, Any] | None:
    if extension is None:
        return None
    return {
        "name": full_name(extension),
        "id": extension.pk,
        "client_id": extension.client_id,
        "type": extension.type,
        "extension_group_id": extension.group_id,
    }
