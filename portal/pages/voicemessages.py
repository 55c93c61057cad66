"""Voice messages: the list with its filters, played in place."""

from __future__ import annotations

from typing import Any

import django_filters as filters
from django import forms
from django.db.models import Exists, OuterRef
from django.http import HttpRequest, HttpResponse

from cdrs.filters import PeriodFilter, choice_filter, number_pattern
from cdrs.querysets import number_like
from portal.access.principal import Principal, Reach
from portal.clients import settings as client_settings
from portal.clients.filters import OfNumber
from portal.clients.models import Extension
from portal.clients.pages import ClientPage
from portal.pages.chips import chips_of
from portal.web.paging import BadCursor, keyset_page
from records.models import MediaFile, Playable, State, VoiceMessage
from records.querysets import HeardQuerySet as Messages

SHOWN = [State.AVAILABLE, State.MISSING, State.BAD]


class VoiceMessageFilter(PeriodFilter):
    number = filters.CharFilter(
        label="From",
        method="by_number",
        validators=[number_pattern],
        max_length=60,
        help_text="Who left it; * stands for any digits: *6468",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    extension = OfNumber(label="Extension")
    is_new = choice_filter("Heard", [("yes", "New"), ("no", "Heard before")], method="by_new")

    def __init__(self, data: Any, queryset: Messages, *, principal: Principal, zone: Any) -> None:
        super().__init__(data, queryset, principal=principal, zone=zone)
        self.filters["extension"].extra["queryset"] = Extension.objects.visible_to(principal)
        if principal.reach is Reach.EXTENSION:
            del self.filters["extension"]

    def within(self, queryset: Any) -> Any:
        messages = queryset.filter(init_time__gte=self.when.start) if self.when.start else queryset
        return messages.filter(init_time__lt=self.when.end) if self.when.end else messages

    def by_number(self, messages: Messages, name: str, pattern: str) -> Messages:
        return messages.filter(number_like("caller", pattern))

    def by_new(self, messages: Messages, name: str, wanted: str) -> Messages:
        return messages.filter(is_new=wanted == "yes")


class VoiceMessagesPage(ClientPage):
    template_name = "records/voicemessages.html"
    fragment_name = "records/_voicemessages_table.html"
    fragment_target = "voicemessages-list"
    deeds = {"GET": "voicemail:read"}

    def get(self, request: HttpRequest) -> HttpResponse:
        asked = VoiceMessageFilter(request.GET, self.messages(), principal=self.principal, zone=self.zone)
        context = {"section": "voicemessages", "form": asked.form, "period": asked.when}
        context["may_delete"] = self.principal.may("voicemail:delete")
        context["trash_days"] = client_settings.value(self.client, "trash_days")
        if not asked.form.is_valid():
            return self.page(context | {"problems": asked.problems()}, status=400)
        try:
            page = keyset_page(asked.qs, "init_time", request.GET)
        except BadCursor as error:
            return self.page(context | {"problems": [("", str(error))]}, status=400)
        return self.page(context | {"messages_list": page.rows, "chips": chips_of(asked), **page.links(request.GET)})

    def messages(self) -> Messages:
        waiting = MediaFile.objects.filter(
            client_id=OuterRef("client_id"), voicemessage_id=OuterRef("id"), playable=Playable.WANTED
        )
        shown = (
            VoiceMessage.objects.visible_to(self.principal).present().filter(init_time__isnull=False, state__in=SHOWN)
        )
        return shown.select_related("extension").defer("transcript").annotate(is_preparing=Exists(waiting))
