"""…/trash/: what is in a client's trash, and what brings it back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.dialects.door import Refused
from portal.dialects.fields import Fields, Keyed, Sql
from portal.dialects.params import Param, ids, one_of
from portal.dialects.ringme.asked import InOrder, RealmDoor
from portal.dialects.ringme.fields import HEX32, gmt
from portal.dialects.ringme.heard import parts_of
from portal.dialects.ringme.lists import Listing, Paging, listed
from portal.dialects.ringme.params import PAGING, split
from portal.dialects.ringme.realms import not_found
from portal.dialects.shapes import Question
from records.deletion import restore, restore_all
from records.filters import TrashFilter
from records.models import Deletion, Trashed

# What is in the trash, by the paper's word for it -> the kind, and the deed that lets one see and restore it.
TYPES = {"record": ("record", "record:delete"), "voicemail": ("voicemessage", "voicemail:delete")}
EITHER = "coalesce({}, {})"
TRASH = Fields(
    Trashed,
    {
        "id": Sql(
            f"coalesce({{}}, {{}}, 0) || '-' || {HEX32.format(EITHER)}",
            *("record__extension_id", "voicemessage__extension_id", "record__uuid", "voicemessage__uuid"),
        ),
        "type": Sql("case when {} is null then 'voicemail' else 'record' end", "record_id"),
        "extension_id": Sql(EITHER, "record__extension_id", "voicemessage__extension_id"),
        "init_time_gmt": gmt(Sql(EITHER, "record__init_time", "voicemessage__init_time")),
        "file_name": Sql(EITHER, "record__file_name", "voicemessage__file_name"),
        "file_size": Sql(EITHER, "record__size", "voicemessage__size"),
        "deletion_id": "deletion_id",
        "deleted_gmt": gmt("at"),
        "deleted_by": "deletion__by",
        "expires_gmt": gmt("deletion__due_at"),
        "status": Sql(
            "case when {} then 'removing' when {} then 'restoring' else 'trashed' end",
            *("removing", "deletion__restoring"),
        ),
    },
    key=Keyed("at"),
)


class TrashDoor(RealmDoor):
    def kinds(self) -> list[str]:
        return [kind for kind, deed in TYPES.values() if self.principal.may(deed)]


class TrashList(TrashDoor):
    """What is in the trash, what was deleted last first."""

    authentication_classes = [InOrder]
    deeds = {"GET": "record:delete"}
    params = {
        "type": Param("type", one_of(*TYPES)),
        "extension_id": Param("extensions", ids),
        "deletion_id": Param("deletions", ids),
    } | PAGING

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        who, within = self.principal, self.enter()
        values, paging = split(self.values())
        kind = TYPES[values.pop("type")][0] if "type" in values else None
        values["kinds"] = [one for one in self.kinds() if kind in (None, one)]
        assert who.client_id is not None
        question = Question(rows, who, within, values, frozenset())
        return listed(self, Listing(question, TRASH, who.client_id), Paging.of(paging))


class TrashRestore(TrashDoor):
    """Bring one back by its id, or by a deletion's number all that it took."""

    http_method_names = ["post"]
    deeds = {"POST": "record:delete"}

    def post(self, request: Request, **kwargs: Any) -> HttpResponse:
        who, within, named = self.principal, self.enter(), self.kwargs["trash_id"]
        items = rows(who, within, {"kinds": self.kinds()}).filter(one_or_deletion(named))
        if not items.exists():
            raise not_found("record")
        assert who.client_id is not None
        deletion = Deletion.objects.visible_to(who).filter(pk=int(named)).first() if named.isdecimal() else None
        back = restore(who.client_id, items, who) if deletion is None else restore_all(deletion, who)
        if back == 0:
            raise Refused(409, "It is being removed for good already")
        return self.json({"restored": back, "status": "restoring" if back is None else "restored"}, 201)


def rows(principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    return TrashFilter.narrowed(Trashed.objects.visible_to(principal).filter(**within), values)


def one_or_deletion(named: str) -> Q:
    """What an id of the list, or a deletion's number, stands for. Refused: `record_not_found`."""
    if named.isascii() and named.isdecimal() and len(named) < 19:
        return Q(deletion_id=int(named))
    extension_id, number = parts_of(named)
    here = Q(record__uuid=number) | Q(voicemessage__uuid=number)
    if not extension_id:
        return here & Q(record__extension_id=None, voicemessage__extension_id=None)
    return here & (Q(record__extension_id=extension_id) | Q(voicemessage__extension_id=extension_id))
