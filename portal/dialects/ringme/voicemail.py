"""…/voicemail/: as …/record/, of what was left for an extension."""

from __future__ import annotations

from portal.dialects.ringme.asked import Resource, StatsDoor
from portal.dialects.ringme.deletion import DeletingFile, DeletingList
from portal.dialects.ringme.fields import MESSAGES, MESSAGES_WITH_LINKS
from portal.dialects.ringme.heard import FileDoor, LinkDoor
from portal.dialects.ringme.params import FILTERS, PAGING, PERIOD
from records import totals

RESOURCE = Resource(
    totals.MESSAGES,
    (totals.MESSAGES,),
    MESSAGES,
    MESSAGES_WITH_LINKS,
    frozenset({"start", "end", "extensions", "from_username", "to_username"}),
)
READ: dict[str, str | None] = {"GET": "voicemail:read"}
DELETE: dict[str, str | None] = {"DELETE": "voicemail:delete"}


class VoicemailList(DeletingList):
    deeds, params, resource = READ | DELETE, PERIOD | FILTERS | PAGING, RESOURCE


class VoicemailStats(StatsDoor):
    deeds, params, resource = READ, PERIOD | FILTERS, RESOURCE


class VoicemailFile(DeletingFile):
    deeds, resource = READ | DELETE, RESOURCE


class VoicemailDownload(FileDoor):
    deeds, resource = READ, RESOURCE


class VoicemailLink(LinkDoor):
    also, resource = "voicemail:read", RESOURCE
