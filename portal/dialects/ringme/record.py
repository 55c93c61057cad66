"""…/record/: the list, its totals, one recording's file and its link, in the three realms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from portal.access.principal import Principal
from portal.accounts.basic import FileAuthentication
from portal.accounts.bearer import BoundBearerAuthentication
from portal.clients import settings as client_settings
from portal.dialects.door import Refused
from portal.dialects.locks import alone
from portal.dialects.plans import IN_ORDER
from portal.dialects.ringme import realms
from portal.dialects.ringme.envelope import RingmeDoor, not_found
from portal.dialects.ringme.fields import RECORDS, RECORDS_WITH_LINKS
from portal.dialects.ringme.links import completed, completed_json, link
from portal.dialects.ringme.lists import Listing, Paging, listed
from portal.dialects.ringme.params import FILTERS, PAGING, PERIOD, period, renamed, split, two_months
from portal.dialects.shapes import Question
from portal.media.delivery import MediaGone, StoredFile, deliver
from records.filters import RecordFilter
from records.links import OFF
from records.models import MediaFile, Record
from records.totals import far_down, totals

RECORD_UUID = re.compile(r"(\d{1,18})-([0-9A-Fa-f]{32})", re.ASCII)
SEARCHES = frozenset({"number"})
STEADY = frozenset({"start", "end", "extensions", "flow", "result", "from_username", "to_username"})
BUSY = "Stats request already exists, concurrent request not allowed"


class RecordDoor(RingmeDoor):
    """A view of recordings in a realm (`realm` and `owner` of the address)."""

    deeds = {"GET": "record:read"}

    def enter(self) -> dict[str, Any]:
        """What narrows rows to the realm. Refused where it is not the principal's to enter."""
        return realms.enter(self.principal, self.kwargs["realm"], self.kwargs["owner"])

    def record(self) -> Record:
        """The recording that the address names. Refused: `record_not_found`."""
        within = self.enter()
        named = RECORD_UUID.fullmatch(self.kwargs["record_uuid"])
        if named is None:
            raise not_found("record")
        extension_id, number = int(named[1]), uuid.UUID(named[2])
        found = visible(self.principal, within).filter(uuid=number).first()
        if found is None or (found.extension_id or 0) != extension_id:
            raise not_found("record")
        return found


class InOrder(BoundBearerAuthentication):
    settings = IN_ORDER


class RecordList(RecordDoor):
    authentication_classes = [InOrder]
    params = PERIOD | FILTERS | PAGING

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        within = self.enter()
        values, paging = split(two_months(self.values()))
        chosen = Paging.of(paging)
        who = self.principal
        question = Question(rows, who, within, cleaned(values), STEADY, SEARCHES)
        linked = who.may("record:link")

        def jump(skip: int) -> tuple[Any, int]:
            start = far_down(who, values, within, skip, ascending=chosen.ascending)
            if start is None:
                return question.queryset(), skip
            condition = "init_time__gte" if chosen.ascending else "init_time__lt"
            return question.queryset().filter(**{condition: start.time}), start.skip

        assert who.client_id is not None
        listing = Listing(
            question,
            RECORDS_WITH_LINKS if linked else RECORDS,
            who.client_id,
            finish=completed if linked else None,
            finish_json=completed_json if linked else None,
            jump=jump,
        )
        return listed(self, listing, chosen)


class RecordStats(RecordDoor):
    params = PERIOD | FILTERS

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        within = self.enter()
        values = period(self.values())
        values = cleaned(values)
        assert self.principal.client_id is not None
        if not alone("stats", self.principal.client_id):
            raise Refused(429, BUSY, "rate_limit_exceeded")
        found = totals(self.principal, values, within)
        return self.json({"files_size": found.bytes, "records_count": found.files})


class RecordFile(RecordDoor):
    """The audio as it was recorded; for people also by login and password."""

    authentication_classes = [FileAuthentication]

    def get(self, request: Request, **kwargs: Any) -> HttpResponseBase:
        record = self.record()
        try:
            return sent(request._request, record, attachment=True)
        except MediaGone:
            raise not_found("record") from None


class RecordLink(RecordDoor):
    deeds = {"GET": "record:link"}

    def get(self, request: Request, **kwargs: Any) -> HttpResponse:
        record = self.record()
        client = record.client
        if client_settings.value(client, "storage_links") == OFF:
            raise not_found("record")
        return self.json({"record_url": link(client.pk, client.link_generation, record.uuid, record.generation)})


def visible(principal: Principal, within: Mapping[str, Any]) -> Any:
    """What can be heard, within the principal's reach and a realm's."""
    rows = Record.objects.visible_to(principal).available()
    return rows.filter(**within) if within else rows


def rows(principal: Principal, within: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """What RecordFilter lets through."""
    return RecordFilter.narrowed(visible(principal, within), values)


def cleaned(values: dict[str, Any]) -> dict[str, Any]:
    """The values as RecordFilter takes them. Raises BadParameters by the vendor's names."""
    filterset = RecordFilter(values, None)
    if not filterset.is_valid():
        raise renamed(filterset.errors)
    return filterset.cleaned


def sent(request: Any, record: Record, *, attachment: bool, cache: str | None = None) -> HttpResponseBase:
    """The recording's first file, as it is stored. Raises MediaGone."""
    media = MediaFile.objects.filter(client_id=record.client_id, record=record).first()
    if media is None:
        raise MediaGone(str(record.uuid))
    file = StoredFile(media.key, media.size, media.content_type, bytes(media.sha256).hex(), media.created_at)
    name = record.file_name or f"{record.extension_id or 0}-{record.uuid.hex.upper()}{suffix(media.key)}"
    more = {} if cache is None else {"cache": cache}
    return deliver(request, file, filename=name, attachment=attachment, **more)


def suffix(key: str) -> str:
    return "." + key.rpartition(".")[2]
