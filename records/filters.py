"""The FilterSets of recordings and of voice messages: every list of them, of any dialect, goes through one of these."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, Value
from django.db.models.functions import Lower
from django_filters import CharFilter, Filter, IsoDateTimeFilter, NumberFilter

from cdrs.queries import AnyNumber
from portal.web.filtersets import Always, AnyOf, HasText, LeanFilterSet, ManyField
from records.columns import LONGEST_INDEXED, SOUGHT_BY, fits_index
from records.models import Record, RecordedCall, Trashed, VoiceMessage


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


class Exactly(CharFilter):
    """Rows with exactly this text in the column, by its index; the empty text: those that have none."""

    def filter(self, qs: Any, value: str) -> Any:
        if not value:
            return qs.filter(**{f"{self.field_name}__isnull": True})
        short = fits_index(self.field_name) if len(value.encode()) <= LONGEST_INDEXED else Q()
        return qs.filter(short, **{self.field_name: value})


class RecordFilter(LeanFilterSet):
    """`start` is included, `end` is not; `extensions` are ids; the others take one value or a list.

    `start` and `end` are about the call, `began_…` and `ended_…` about the recording itself: `…_before` is not
    included, `…_until` is. The texts of SOUGHT_BY take one value, which is compared exactly.
    """

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
    ids = AnyOf("id")
    began_from = IsoDateTimeFilter("began_at", lookup_expr="gte")
    began_before = IsoDateTimeFilter("began_at", lookup_expr="lt")
    ended_from = IsoDateTimeFilter("ended_at", lookup_expr="gte")
    ended_until = IsoDateTimeFilter("ended_at", lookup_expr="lte")
    seconds_from = NumberFilter("seconds", lookup_expr="gte")
    seconds_before = NumberFilter("seconds", lookup_expr="lt")
    route = AnyOf("route")

    class Meta:
        model = Record
        fields: list[str] = []

    @classmethod
    def get_filters(cls) -> dict[str, Filter]:
        return {**super().get_filters(), **{name: Exactly(name, strip=False) for name in SOUGHT_BY}}


class EndedBy(IsoDateTimeFilter):
    """Calls that had ended by then. When they began is said, too: lists are in that order, and stop there."""

    def filter(self, qs: Any, value: Any) -> Any:
        return qs.filter(ended_at__lte=value, started_at__lte=value) if value else qs


class TookPart(Filter):
    """Calls in which people took part whose names match: of each list of names at least one. In any case; `*` stands
    for any characters, and the rest for the whole of a user name, a first name or a last name.
    """

    field_class = ManyField

    def filter(self, qs: Any, value: list[Any]) -> Any:
        for names in value:
            qs = qs.filter(names__regex=Lower(Value(one_of_names(names))))
        return qs


def one_of_names(names: Iterable[str]) -> str:
    """A regular expression for RecordedCall.names."""
    return "|".join(map(whole_name, names))


def whole_name(name: str) -> str:
    """Between its line feeds; an end that is open needs none, and is found sooner without."""
    known = name.strip("*")
    if not known:
        return "[^\n]"
    before, after = ("" if name.startswith("*") else "\n"), ("" if name.endswith("*") else "\n")
    return before + "".join(map(literal, known)) + after


def literal(character: str) -> str:
    if character == "*":
        return "[^\n]*"
    return f"\\{character}" if character.isascii() and not character.isalnum() else character


class RecordedCallFilter(LeanFilterSet):
    """`start` and `ended` are included; numbers may have `*` in them; `took_part` is a list of lists of names."""

    start = IsoDateTimeFilter("started_at", lookup_expr="gte")
    ended = EndedBy()
    caller = AnyNumber("caller")
    called = AnyNumber("called")
    took_part = TookPart()

    class Meta:
        model = RecordedCall
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
    number = AnyNumber("caller", "dialled")
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
