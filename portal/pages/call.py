"""One call: who took part, what happened when, every field of its CDRs, and its recordings."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Prefetch, prefetch_related_objects
from django.http import Http404, HttpRequest, HttpResponse

from cdrs.holding import facts_of, facts_of_leg
from cdrs.models import Call, CallEvent, Direction, Leg, Participant
from portal.clients import settings as client_settings
from portal.clients.pages import ClientPage
from portal.holds.models import Hold
from portal.holds.queries import why_held
from portal.pages.details import empty_names, filled
from portal.pages.heard_by import Heard, heard_by
from portal.pages.timeline import timeline_of
from records.holding import facts_of as facts_of_heard
from records.models import MediaFile, Playable, Record, Trashed
from records.parties import parties_of


class CallPage(ClientPage):
    template_name = "cdrs/call.html"
    deeds = {"GET": "cdr:read"}

    def get(self, request: HttpRequest, call_uuid: UUID) -> HttpResponse:
        call = Call.objects.visible_to(self.principal).filter(call_uuid=call_uuid).first()
        if call is None:
            raise Http404
        legs, recordings, events = self.legs(call), self.recordings(call), self.events(call)
        participants = list(Participant.objects.visible_to(self.principal).filter(call_id=call.pk))
        context = {
            "section": "calls",
            "call": call,
            "legs": legs,
            "recordings": recordings,
            "events": events,
            "timeline": timeline_of(call, legs, participants, events, recordings),
            "may_download": self.principal.may("record:read"),
            "may_delete": self.principal.may("record:delete"),
            "trash_days": client_settings.value(self.client, "trash_days"),
            "deleted": self.deleted(call),
            "may_audit": self.principal.may("audit:read"),
            "heard_by": self.heard_by(recordings),
            "outside": self.outside(call),
            "may_hold": self.principal.may("hold:write"),
            "holds": self.holds(call, legs, recordings),
        }
        return self.page(context)

    def outside(self, call: Call) -> str | None:
        """The number of who was outside, for those who may see everything about it."""
        if not (self.principal.administers and self.principal.may("record:delete")):
            return None
        ends: dict[str, str | None] = {Direction.IN: call.caller_number, Direction.OUT: call.called_number}
        return ends.get(call.direction)

    def holds(self, call: Call, legs: list[Leg], recordings: list[Record]) -> list[Hold]:
        """What keeps the call, or something of it; each recording gets its own."""
        rows = [facts_of(call), *(facts_of_leg(leg, call) for leg in legs)]
        kept = why_held(call.client_id, [*rows, *map(facts_of_heard, recordings)])
        for record, holds in zip(recordings, kept[len(rows) :], strict=True):
            record.holds = holds  # type: ignore[attr-defined]
        return sorted({hold for holds in kept for hold in holds}, key=lambda hold: hold.pk)

    def legs(self, call: Call) -> list[Leg]:
        """The legs within reach, each with its fields for the Details tab."""
        legs = Leg.objects.visible_to(self.principal).select_related("extension", "group")
        prefetch_related_objects([call], Prefetch("legs", legs.order_by("init_time", "id")))
        found = list(call.legs.all())
        for leg in found:
            leg.fields, leg.empty_fields = filled(leg), empty_names(leg)
        return found

    def events(self, call: Call) -> list[CallEvent]:
        events = CallEvent.objects.visible_to(self.principal).filter(call_id=call.pk)
        return list(events.select_related("extension").order_by("at", "id"))

    def heard_by(self, recordings: list[Record]) -> list[Heard]:
        if not recordings or not self.principal.may("audit:read"):
            return []
        return heard_by(self.principal, [record.uuid for record in recordings])

    def deleted(self, call: Call) -> int:
        """How many of its recordings are in the trash, of those within reach."""
        items = Trashed.objects.visible_to(self.principal).filter(record__call_id=call.pk)
        return items.filter(record__client_id=call.client_id).count()

    def recordings(self, call: Call) -> list[Record]:
        """The recordings within reach, with their first media file, who speaks, and whether a copy is being made."""
        if not self.principal.may("record:read"):
            return []
        records = Record.objects.visible_to(self.principal).present().filter(call_id=call.pk)
        found = list(records.select_related("extension", "leg", "call").order_by("init_time", "started_at", "id"))
        files = MediaFile.objects.filter(client_id=call.client_id, record_id__in=[record.pk for record in found])
        media = {file.record_id: file for file in files.defer("peaks").order_by("-position", "-id")}
        for record in found:
            file = record.media_file = media.get(record.pk)
            record.parties = parties_of(record, file.channels or 1 if file else 1)
            record.is_preparing = file is not None and file.playable == Playable.WANTED
            record.digest = bytes(file.sha256).hex() if file else ""
        return found
