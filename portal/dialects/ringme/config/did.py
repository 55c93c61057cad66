"""…/did/: outside numbers, and the extensions that answer them. The client's realm changes them, the others show."""

from __future__ import annotations

from portal.access.principal import Principal
from portal.clients.filters import DidFilter
from portal.clients.models import Did, Extension
from portal.dialects.bodies import Field, or_none, row_id, trimmed
from portal.dialects.params import Param, ids, texts
from portal.dialects.ringme.config.doors import PAGES, ConfigDoor, Many, One, Read
from portal.dialects.ringme.config.fields import DID


def in_use(principal: Principal) -> object:
    return Extension.objects.visible_to(principal).in_use()


class DidDoor(ConfigDoor):
    what, model, answer = "outside_number", Did, DID
    body = {
        "name": Field("number", trimmed(60), needed=True),
        "domain": Field("domain", trimmed(200, least=0)),
        "extension_id": Field("extension_id", or_none(row_id)),
    }
    own = ("id", "client_id")
    narrow = {"group_id": "extension__group_id", "extension_id": "extension_id"}
    reach = {"extension_id": in_use}


class Dids(DidDoor, Many):
    params = PAGES | {"name": Param("number", texts), "extension_id": Param("extension", ids)}
    filters = DidFilter


class OneDid(DidDoor, One):
    place = "did_id"


class OwnDids(Read, Dids):
    pass


class OwnDid(Read, OneDid):
    pass
