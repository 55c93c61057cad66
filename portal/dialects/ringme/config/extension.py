"""…/extension/: deleting one retires it; its records, and what CDRs call it, stay."""

from __future__ import annotations

from typing import Any

from portal.clients.filters import ExtensionFilter
from portal.clients.models import Client, Extension, ExtensionGroup, ExtensionType, Status
from portal.clients.retiring import retire
from portal.dialects.bodies import Field, one_of, or_none, row_id, text, trimmed
from portal.dialects.door import Refused
from portal.dialects.params import BadParameters, Param, Wrong, any_of, ids, texts
from portal.dialects.ringme.config.doors import NOTE, PAGES, ConfigDoor, Many, One, Read
from portal.dialects.ringme.config.fields import EXTENSION
from portal.dialects.ringme.config.storing import Rule


class ExtensionDoor(ConfigDoor):
    """`name` is the number behind the client's prefix; in a body with the prefix or without."""

    call_api = frozenset({"GET"})
    what, model, answer = "extension", Extension, EXTENSION
    body = {
        "name": Field("number", trimmed(80), needed=True),
        "type": Field("type", one_of(*ExtensionType.values)),
        "status": Field("status", one_of(*Status.values)),
        "label": Field("label", text(200)),
        "caller_id_name": Field("name", text(200)),
        "extension_group_id": Field("group_id", or_none(row_id)),
        "extra_params": Field("extra_params", NOTE),
    }
    own = ("id", "domain", "client_id", "create_date")
    narrow = {"group_id": "group_id", "extension_id": "id"}
    reach = {"extension_group_id": ExtensionGroup.objects.visible_to}

    def rows(self) -> Any:
        return super().rows().in_use().select_related("client")

    def give(self, row: Extension, values: dict[str, Any]) -> list[Rule]:
        if "number" in values:
            number = values["number"] = without_prefix(values["number"], row.client.prefix)
            if not row._state.adding and number != row.number:
                raise BadParameters(Wrong("name", "cannot be changed: calls are known by it"))
        return super().give(row, values)


class Extensions(ExtensionDoor, Many):
    params = PAGES | {
        "name": Param("number", texts),
        "status": Param("status", any_of(*Status.values)),
        "type": Param("type", any_of(*ExtensionType.values)),
        "extension_group_id": Param("group", ids),
    }
    filters = ExtensionFilter

    def asked(self, values: dict[str, Any]) -> dict[str, Any]:
        if "number" not in values:
            return values
        prefix = Client.objects.visible_to(self.principal).values_list("prefix", flat=True).first()
        return values | {"number": [without_prefix(name, prefix or "") for name in values["number"]]}


class OneExtension(ExtensionDoor, One):
    place = "extension"

    def remove(self, row: Extension) -> None:
        if kept := retire(row):
            raise Refused(409, f"The extension was not retired, it is under legal hold: {'; '.join(kept)}", "held")


class OwnExtensions(Read, Extensions):
    """The extension realm shows itself."""


class OwnExtension(Read, OneExtension):
    pass


def without_prefix(name: str, prefix: str) -> str:
    """`acme*101` and `101` mean the same; with another prefix it is no number of this client's."""
    return name.removeprefix(f"{prefix}*")
