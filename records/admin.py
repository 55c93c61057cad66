from typing import Any

from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest

from cdrs.admin import ReadOnly
from records.models import MediaFile, Record, VoiceMessage


class Linked(ReadOnly):
    """What storage links lead to."""

    def has_end_links_permission(self, request: HttpRequest) -> bool:
        return request.principal.may("config:write")  # type: ignore[attr-defined]


@admin.action(description="End the storage links of the selected", permissions=["end_links"])
def end_storage_links(model_admin: Linked, request: HttpRequest, chosen: Any) -> None:
    """Every link that was ever given out for them is dead at once; the next one asked for is another."""
    ended = chosen.update(generation=F("generation") + 1)
    model_admin.message_user(request, f"The storage links of {ended} are ended.")


@admin.register(Record)
class RecordAdmin(Linked):
    actions = [end_storage_links]
    list_display = ["init_time", "file_name", "extension", "state", "seconds", "size", "findings"]
    list_filter = ["state"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(VoiceMessage)
class VoiceMessageAdmin(Linked):
    actions = [end_storage_links]
    list_display = ["init_time", "extension", "caller_number", "state", "seconds", "folder", "is_new"]
    list_filter = ["state", "is_new"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnly):
    list_display = ["created_at", "codec", "sample_rate", "channels", "seconds", "size", "playable"]
    list_filter = ["codec", "playable"]
    exclude = ["peaks"]
