"""The trash: what was deleted, by whom, and until when it can be restored; and the buttons that delete and restore."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.access.principal import Principal, Reach
from portal.clients.filters import OfNumberField
from portal.clients.models import Extension
from portal.clients.pages import ClientPage
from portal.holds.models import Hold
from portal.web.paging import BadCursor, keyset_page
from records.deletion import remove_now, restore, restore_all, trash
from records.filters import TrashFilter
from records.holding import holds_on
from records.models import Deletion, Record, Trashed, VoiceMessage

SHOWN = ("deletion", "record__extension", "record__call", "voicemessage__extension")
DEEDS = {"record": "record:delete", "voicemessage": "voicemail:delete"}
NAMES = {"record": "recording", "voicemessage": "voice message"}


class TrashForm(forms.Form):
    kind = forms.ChoiceField(
        label="What",
        required=False,
        choices=[("", "Any"), ("record", "Recordings"), ("voicemessage", "Voice messages")],
    )
    extension = OfNumberField()

    def __init__(self, data: Any, principal: Principal) -> None:
        super().__init__(data)
        self.fields["extension"].queryset = Extension.objects.visible_to(principal)  # type: ignore[attr-defined]
        if principal.reach is Reach.EXTENSION:
            del self.fields["extension"]

    def filters(self) -> dict[str, Any]:
        """The values as TrashFilter takes them."""
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        values = {"kinds": [asked["kind"]]} if "kind" in asked else {}
        return values | ({"extensions": asked["extension"]} if "extension" in asked else {})

    def chips(self) -> list[dict[str, str]]:
        shown = {"kind": dict(self.fields["kind"].choices).get(self.cleaned_data["kind"])}  # type: ignore[attr-defined]
        if extensions := self.cleaned_data.get("extension"):
            shown["extension"] = f"Extension {extensions[0].number}"
        return [{"names": name, "label": str(label)} for name, label in shown.items() if self.cleaned_data[name]]


class OfTrash(ClientPage):
    """A page about the trash, as far as the principal reaches and of what it may delete."""

    def items(self) -> Any:
        kinds = [kind for kind, deed in DEEDS.items() if self.principal.may(deed)]
        return Trashed.objects.visible_to(self.principal).filter(deletion__kind__in=kinds)

    def found(self, pk: int) -> Any:
        """The one item, as a queryset; 404 where it is not within reach."""
        items = self.items().filter(pk=pk)
        if not items.exists():
            raise Http404
        return items


class TrashPage(OfTrash):
    template_name = "records/trash.html"
    fragment_name = "records/_trash_table.html"
    fragment_target = "trash-list"
    deeds = {"GET": "record:delete"}

    def get(self, request: HttpRequest) -> HttpResponse:
        form = TrashForm(request.GET, self.principal)
        context: dict[str, Any] = {"section": "trash", "form": form}
        if not form.is_valid():
            problems = [(name, message) for name, found in form.errors.items() for message in found]
            return self.page(context | {"problems": problems}, status=400)
        items = TrashFilter.narrowed(self.items(), form.filters()).select_related(*SHOWN)
        try:
            page = keyset_page(items, "at", request.GET)
        except BadCursor as error:
            return self.page(context | {"problems": [("", str(error))]}, status=400)
        for item, holds in zip(page.rows, holds_on(self.client.pk, [item.heard for item in page.rows]), strict=True):
            item.holds = holds
        working = Deletion.objects.visible_to(self.principal).filter(restoring=True).exists()
        more = {"items": page.rows, "chips": form.chips(), "restoring": working, **page.links(request.GET)}
        return self.page(context | more)


class ToTrash(ClientPage):
    """Delete one: it goes to the trash, and the next page offers to undo it."""

    kind: str
    model: type[Record] | type[VoiceMessage]

    def post(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        rows = self.model.objects.visible_to(self.principal).filter(uuid=uuid)
        deletion = trash(rows, self.principal, Deletion.Via.PORTAL)
        if deletion is None:
            self.refuse_held(rows)
            return redirect(where_from(request))
        undo = reverse("deletion-undo", args=[deletion.pk])
        messages.success(request, f"The {NAMES[self.kind]} is in the trash.", extra_tags=undo)
        return redirect(where_from(request))

    def refuse_held(self, rows: Any) -> None:
        """Say by what it is held; 404 where there is nothing to delete."""
        (holds,) = holds_on(self.client.pk, rows.present()) or [[]]
        if not holds:
            raise Http404
        messages.error(self.request, f"The {NAMES[self.kind]} was not deleted, it is under legal {in_words(holds)}.")


class RecordToTrash(ToTrash):
    deeds = {"POST": DEEDS["record"]}
    kind, model = "record", Record


class VoiceMessageToTrash(ToTrash):
    deeds = {"POST": DEEDS["voicemessage"]}
    kind, model = "voicemessage", VoiceMessage


class Undo(OfTrash):
    """Bring back what one deletion took, as far as one reaches."""

    deeds = {"POST": "record:delete"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        items = self.items().filter(deletion_id=pk)
        if not items.exists():
            raise Http404
        deletion = Deletion.objects.visible_to(self.principal).filter(pk=pk).first()
        many = (
            restore(self.client.pk, items, self.principal)
            if deletion is None
            else restore_all(deletion, self.principal)
        )
        told(request, many)
        return redirect(where_from(request))


class Restore(OfTrash):
    deeds = {"POST": "record:delete"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        told(request, restore(self.client.pk, self.found(pk), self.principal))
        return redirect(where_from(request))


class RemoveNow(OfTrash):
    """For good, without waiting for its day."""

    deeds = {"POST": "record:delete"}

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        item = self.found(pk)
        if remove_now(self.client.pk, item, self.principal, Deletion.Via.PORTAL):
            messages.success(request, "It is being removed for good.")
        elif holds := holds_on(self.client.pk, [item.get().heard])[0]:
            messages.error(request, f"It was not removed, it is under legal {in_words(holds)}.")
        return redirect(where_from(request))


def in_words(holds: list[Hold]) -> str:
    return "; ".join(hold.in_words for hold in holds)


def told(request: HttpRequest, restored: int | None) -> None:
    """Say what came back; None: a worker is at it."""
    if restored is None:
        messages.success(request, "They are being restored, some thousands a second.")
    elif restored:
        messages.success(request, "It is restored." if restored == 1 else f"{restored} are restored.")
    else:
        messages.error(request, "It is being removed already, and cannot be restored.")


def where_from(request: HttpRequest) -> str:
    """The page whose button was pressed, where it is one of ours; else the trash."""
    asked = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(asked, None) and not urlsplit(asked).netloc
    return asked if ours else reverse("trash")
