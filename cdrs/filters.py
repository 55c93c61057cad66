"""The FilterSet of calls for people: pages and the CSV. Programs ask by cdrs.queries, in the same words."""

from __future__ import annotations

from functools import cached_property
from typing import Any, cast
from zoneinfo import ZoneInfo

import django_filters as filters
from django import forms
from django.http import QueryDict
from django.utils import timezone

from cdrs.models import Direction, Result
from cdrs.querysets import CallQuerySet, is_plain, leg_reach
from portal.access.principal import Principal, Reach
from portal.clients.filters import OfNumber
from portal.clients.models import Extension, ExtensionGroup
from portal.web.periods import CHOICES, CUSTOM, DEFAULT, FIRST_DAY, LAST_DAY, PRESETS, Period, period_of

ANY = "Any"
NO_CHOICE = {"invalid_choice": "“%(value)s” is none of its choices."}


def titled(choices: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(value, label.capitalize()) for value, label in choices]


def number_pattern(pattern: str) -> None:
    """A number to search for has something to search for in it; `*` alone would be no filter at all."""
    if not any(is_plain(character) and character != "*" for character in pattern):
        raise forms.ValidationError("A digit or a letter is needed; * stands for any others.")


def day_filter(label: str) -> filters.DateFilter:
    return filters.DateFilter(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


def choice_filter(label: str, choices: list[tuple[str, str]], **options: Any) -> filters.ChoiceFilter:
    return filters.ChoiceFilter(label=label, choices=choices, empty_label=ANY, error_messages=NO_CHOICE, **options)


class PeriodForm(forms.Form):
    """What no single field can say: the days fit each other, and nothing is asked that does not exist."""

    paging = frozenset({"before", "after"})

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        self.check_days(values.get("period"), values.get("from"), values.get("to"))
        asked = cast("QueryDict", self.data)
        for name in asked:
            if name not in self.fields and name not in self.paging:
                self.add_error(None, f"{name}: there is no such filter.")
            elif len(asked.getlist(name)) > 1:
                self.add_error(None, f"{name}: it is given more than once.")
        return values

    def check_days(self, period: str | None, first: Any, last: Any) -> None:
        for name, day in (("from", first), ("to", last)):
            if day and not FIRST_DAY <= day <= LAST_DAY:
                self.add_error(name, "A day from 1970 on is needed.")
            elif day and period in PRESETS:
                self.add_error(name, f"The period is {PRESETS[period].label}; days go with period={CUSTOM}.")
        if first and last and last < first:
            self.add_error("to", "The last day is before the first.")
        if period == CUSTOM and not (first or last) and not {"from", "to"} & self.errors.keys():
            self.add_error("from", "A first or a last day is needed.")


class PeriodFilter(filters.FilterSet):
    """`period`, `from`, `to`, in days of a time zone; without them the last seven days."""

    period = filters.ChoiceFilter(label="Period", choices=CHOICES, error_messages=NO_CHOICE)

    class Meta:
        form = PeriodForm

    def __init__(self, data: Any, queryset: Any, *, principal: Principal, zone: ZoneInfo) -> None:
        super().__init__(data, queryset)
        self.principal, self.zone, self.now = principal, zone, timezone.now()
        self.is_bound = True  # nothing asked is the default period, not everything

    @classmethod
    def get_filters(cls) -> dict[str, filters.Filter]:
        # `from` is a word of Python: it cannot stand in the class's body.
        return {**super().get_filters(), "from": day_filter("From"), "to": day_filter("To")}

    @cached_property
    def when(self) -> Period:
        """The period asked for; the default one where what was asked is no period."""
        values = self.form.cleaned_data if self.form.is_valid() else {}
        first, last = values.get("from"), values.get("to")
        key = values.get("period") or (CUSTOM if first or last else DEFAULT)
        return period_of(key, first, last, self.zone, self.now)

    def asked(self) -> dict[str, Any]:
        """The filters in use beside the period: name -> value as the form read it."""
        values = self.form.cleaned_data if self.form.is_valid() else {}
        beside = ((name, value) for name, value in values.items() if name not in {"period", "from", "to"})
        return {name: value for name, value in beside if value not in (None, "")}

    def problems(self) -> list[tuple[str, str]]:
        """(parameter, what is wrong with it), one a mistake; no parameter where the message names it itself."""
        errors = self.form.errors.items()
        return [("" if name == "__all__" else name, message) for name, messages in errors for message in messages]

    def filter_queryset(self, queryset: Any) -> Any:
        if not self.form.is_valid():
            return queryset.none()  # a wrong question is never answered unfiltered
        queryset = self.within(queryset)
        for name, value in self.asked().items():
            queryset = self.filters[name].filter(queryset, value)
        return queryset

    def within(self, queryset: Any) -> Any:
        return queryset.between(self.when.start, self.when.end)


class CallFilter(PeriodFilter):
    """Calls by period, direction, number with `*`, extension, group, result, and whether something can be heard."""

    number = filters.CharFilter(
        label="Number",
        method="by_number",
        validators=[number_pattern],
        max_length=60,
        help_text="Caller or called; * stands for any digits: *6468",
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    direction = choice_filter("Direction", titled(Direction.choices))
    result = choice_filter("Result", titled(Result.choices))
    extension = OfNumber(label="Extension", method="by_extension")
    group = filters.ModelChoiceFilter(
        label="Group",
        queryset=ExtensionGroup.objects.none(),
        method="by_group",
        empty_label=ANY,
        error_messages={"invalid_choice": "There is no such group."},
    )
    recording = choice_filter(
        "Recording", [("yes", "With a recording"), ("no", "Without a recording")], method="by_recording"
    )

    def __init__(self, data: Any, queryset: CallQuerySet, *, principal: Principal, zone: ZoneInfo) -> None:
        super().__init__(data, queryset, principal=principal, zone=zone)
        self.filters["extension"].extra["queryset"] = Extension.objects.visible_to(principal)
        self.filters["group"].queryset = ExtensionGroup.objects.visible_to(principal)
        if principal.reach is not Reach.CLIENT:
            del self.filters["group"]  # there is but the one's own
        if principal.reach is Reach.EXTENSION:
            del self.filters["extension"]

    def within(self, queryset: CallQuerySet) -> CallQuerySet:
        """The period; and, where somebody's or one extension's calls are asked for, the quicker way to them."""
        calls = super().within(queryset)
        asked, legs = self.asked(), leg_reach(self.principal)
        if "extension" in asked:  # and not the group as well: that may be another leg's
            legs["extension__in"] = asked["extension"]
        elif "group" in asked:
            legs["group"] = asked["group"]
        if not legs or self.principal.client_id is None:
            return calls
        return calls.beginning_with_legs(self.principal.client_id, **legs)

    def by_number(self, calls: CallQuerySet, name: str, pattern: str) -> CallQuerySet:
        return calls.with_number(pattern)

    def by_extension(self, calls: CallQuerySet, name: str, extensions: list[Extension]) -> CallQuerySet:
        return calls.with_leg(**leg_reach(self.principal), extension__in=extensions)

    def by_group(self, calls: CallQuerySet, name: str, group: ExtensionGroup) -> CallQuerySet:
        return calls.with_leg(**leg_reach(self.principal), group_id=group.pk)

    def by_recording(self, calls: CallQuerySet, name: str, wanted: str) -> CallQuerySet:
        return calls.heard_by(self.principal, wanted == "yes")
