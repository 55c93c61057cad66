"""…/record/: the list, its totals, one recording's file and its link, in the three realms."""

from __future__ import annotations

from portal.dialects.ringme.asked import Resource, StatsDoor
from portal.dialects.ringme.deletion import DeletingFile, DeletingList
from portal.dialects.ringme.fields import RECORDS, RECORDS_WITH_LINKS
from portal.dialects.ringme.heard import FileDoor, LinkDoor
from portal.dialects.ringme.params import FILTERS, PAGING, PERIOD
from records.totals import RECORDINGS

RESOURCE = Resource(
    RECORDINGS,
    (RECORDINGS,),
    RECORDS,
    RECORDS_WITH_LINKS,
    frozenset({"start", "end", "extensions", "flow", "result", "from_username", "to_username"}),
)
READ: dict[str, str | None] = {"GET": "record:read"}
DELETE: dict[str, str | None] = {"DELETE": "record:delete"}


class RecordList(DeletingList):
    deeds, params, resource = READ | DELETE, PERIOD | FILTERS | PAGING, RESOURCE


class RecordStats(StatsDoor):
    deeds, params, resource = READ, PERIOD | FILTERS, RESOURCE


class RecordFile(DeletingFile):
    deeds, resource = READ | DELETE, RESOURCE


class RecordDownload(FileDoor):
    deeds, resource = READ, RESOURCE


class RecordLink(LinkDoor):
    resource = RESOURCE
