"""The FilterSets of recordings and of voice messages: every list of them, of any dialect, goes through one of these."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django_filters import CharFilter, Filter, IsoDateTimeFilter

from cdrs.queries import AnyNumber
from portal.web.filtersets import Always, AnyOf, HasText, LeanFilterSet, ManyField
from records.models import Record, Trashed, VoiceMessage


class Said(CharFilter):
    """Rows with the words in one of their texts, in any case."""

    def __init__(self, *columns: str) -> None:
        super().__init__()
        self.columns = columns

    def filter(self, qs: Any, value: str) -> Any:
        anywhere = Q()
        for column in self.columns:
            anywhere |= Q(**{f"{column}__icontains": value})
        return qs.filter(anywhere) if value else qs


class MessageNumber(AnyNumber):
    def filter(self, qs: Any, value: list[str]) -> Any:
        return super().filter(qs.knowing_numbers(), value)


class RecordFilter(LeanFilterSet):
    """`start` is included, `end` is not; `extensions` are ids; the others take one value or a list."""

    start = IsoDateTimeFilter("init_time", lookup_expr="gte")
    end = IsoDateTimeFilter("init_time", lookup_expr="lt")
    extensions = AnyOf("extension_id")
    flow = AnyOf("leg__flow")
    result = AnyOf("leg__result")
    from_username = AnyOf("leg__from_username")
    to_username = AnyOf("leg__to_username")
    number = AnyNumber("call__caller", "call__called")
    has_transcript = HasText("transcript")
    q = Said("transcript", "summary")

    class Meta:
        model = Record
        fields: list[str] = []


class VoiceMessageFilter(LeanFilterSet):
    """As RecordFilter. A message came in and ended in the voice mail: so it is found under these, and no other."""

    start = IsoDateTimeFilter("init_time", lookup_expr="gte")
    end = IsoDateTimeFilter("init_time", lookup_expr="lt")
    extensions = AnyOf("extension_id")
    flow = Always("in")
    result = Always("voicemail")
    from_username = AnyOf("caller_number")
    to_username = AnyOf("dialled")
    number = MessageNumber("caller", "dialled")
    has_transcript = HasText("transcript")
    q = Said("transcript")

    class Meta:
        model = VoiceMessage
        fields: list[str] = []


class OfExtensions(Filter):
    """What was one of these extensions'."""

    field_class = ManyField

    def filter(self, qs: Any, value: list[Any]) -> Any:
        return qs.filter(Q(record__extension_id__in=value) | Q(voicemessage__extension_id__in=value))


class TrashFilter(LeanFilterSet):
    """What is in the trash: of these `kinds`, of these extensions, by these deletions."""

    kinds = AnyOf("deletion__kind")
    extensions = OfExtensions()
    deletions = AnyOf("deletion_id")

    class Meta:
        model = Trashed
        fields: list[str] = []
