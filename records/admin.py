from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import F
from django.http import HttpRequest

from cdrs.admin import ReadOnly
from portal.audit.actions import Action
from portal.audit.ledger import note
from records.deletion import remove_now, restore, trash
from records.holding import held_among, without_held
from records.models import Deletion, MediaFile, Record, Trashed, VoiceMessage


class HeardAdmin(ReadOnly):
    """What storage links lead to, and what goes to the trash and comes back from it."""

    deed: str

    def has_end_links_permission(self, request: HttpRequest) -> bool:
        return request.principal.may("config:write")  # type: ignore[attr-defined]

    def has_trash_permission(self, request: HttpRequest) -> bool:
        return request.principal.may(self.deed)  # type: ignore[attr-defined]


def say_held(model_admin: ReadOnly, request: HttpRequest, kept: int) -> None:
    if kept:
        model_admin.message_user(request, f"{kept} are not: they are under legal hold.", messages.WARNING)


@admin.action(description="End the storage links of the selected", permissions=["end_links"])
def end_storage_links(model_admin: HeardAdmin, request: HttpRequest, chosen: Any) -> None:
    """Every link that was ever given out for them is dead at once; the next one asked for is another."""
    ended = chosen.update(generation=F("generation") + 1)
    note(Action.RIGHTS, request.principal, deed="links_ended", files=ended)  # type: ignore[attr-defined]
    model_admin.message_user(request, f"The storage links of {ended} are ended.")


@admin.action(description="Move the selected to the trash", permissions=["trash"])
def move_to_trash(model_admin: HeardAdmin, request: HttpRequest, chosen: Any) -> None:
    who = request.principal  # type: ignore[attr-defined]
    deletion = trash(chosen, who, Deletion.Via.OPERATIONS)
    kept = deletion.held if deletion else held_among(who.client_id, chosen)
    model_admin.message_user(request, f"{deletion.files if deletion else 0} are in the trash now.")
    say_held(model_admin, request, kept)


@admin.action(description="Restore the selected from the trash", permissions=["trash"])
def restore_from_trash(model_admin: HeardAdmin, request: HttpRequest, chosen: Any) -> None:
    name = model_admin.model._meta.model_name
    items = Trashed.objects.visible_to(request.principal).filter(**{f"{name}__in": chosen.values("pk")})  # type: ignore[attr-defined]
    back = restore(request.principal.client_id, items, request.principal)  # type: ignore[attr-defined]
    model_admin.message_user(request, f"{back} are restored.")


HEARD_ACTIONS = [move_to_trash, restore_from_trash, end_storage_links]


@admin.register(Record)
class RecordAdmin(HeardAdmin):
    deed, actions = "record:delete", HEARD_ACTIONS
    list_display = ["init_time", "file_name", "extension", "state", "seconds", "size", "findings"]
    list_filter = ["state"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(VoiceMessage)
class VoiceMessageAdmin(HeardAdmin):
    deed, actions = "voicemail:delete", HEARD_ACTIONS
    list_display = ["init_time", "extension", "caller_number", "state", "seconds", "folder", "is_new"]
    list_filter = ["state", "is_new"]
    list_select_related = ["extension"]
    exclude = ["sketch", "facts_hash"]


@admin.register(MediaFile)
class MediaFileAdmin(ReadOnly):
    list_display = ["created_at", "codec", "sample_rate", "channels", "seconds", "size", "playable"]
    list_filter = ["codec", "playable"]
    exclude = ["peaks"]


@admin.action(description="Restore the selected", permissions=["trash"])
def restore_items(model_admin: TrashedAdmin, request: HttpRequest, chosen: Any) -> None:
    back = restore(request.principal.client_id, chosen, request.principal)  # type: ignore[attr-defined]
    model_admin.message_user(request, f"{back} are restored.")


@admin.action(description="Remove the selected for good now", permissions=["trash"])
def remove_items(model_admin: TrashedAdmin, request: HttpRequest, chosen: Any) -> None:
    who = request.principal  # type: ignore[attr-defined]
    kept = chosen.count() - without_held(who.client_id, chosen).count()
    moved = remove_now(who.client_id, chosen, who, Deletion.Via.OPERATIONS)
    model_admin.message_user(request, f"{moved} are being removed for good.")
    say_held(model_admin, request, kept)


@admin.register(Trashed)
class TrashedAdmin(ReadOnly):
    """The trash of a client, with what storage said where it does not let something go."""

    actions = [restore_items, remove_items]
    list_display = ["at", "kind", "name", "deleted_by", "due_at", "removing", "tries", "next_at", "error"]
    list_filter = ["removing", "deletion__kind", "deletion__via"]
    list_select_related = ["deletion", "record", "voicemessage"]

    def has_trash_permission(self, request: HttpRequest) -> bool:
        return request.principal.may("record:delete")  # type: ignore[attr-defined]

    @admin.display
    def name(self, item: Trashed) -> str:
        return item.heard.file_name or str(item.heard.uuid)

    @admin.display(ordering="deletion__kind")
    def kind(self, item: Trashed) -> str:
        return item.deletion.get_kind_display()

    @admin.display(ordering="deletion__by")
    def deleted_by(self, item: Trashed) -> str:
        return f"{item.deletion.by} ({item.deletion.get_via_display()})"

    @admin.display(ordering="deletion__due_at")
    def due_at(self, item: Trashed) -> datetime:
        return item.deletion.due_at
