"""What is asked of who places or lifts a hold."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from cdrs.models import Call, Leg
from portal.access.principal import Principal
from portal.clients.forms import ANY, extension_by_number
from portal.clients.models import Extension
from portal.holds.filters import STATUSES
from portal.holds.models import Hold
from portal.holds.placing import LONGEST_REASON, on_call, on_extension, on_number, on_record
from portal.web.templatetags.portal_format import clock, phone
from records.models import Record

# So that no time zone moves a day out of the calendar.
DAYS = [MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(9998, 12, 31))]


def day(label: str, help_text: str) -> forms.DateField:
    widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, required=False, help_text=help_text, validators=DAYS, widget=widget)


def reason(help_text: str) -> forms.CharField:
    widget = forms.Textarea({"rows": 3})
    return forms.CharField(label="Why", max_length=LONGEST_REASON, help_text=help_text, widget=widget)


class PlacingForm(forms.Form):
    """Days are those of `zone`. `hold()` is what is meant, not saved; `until()` when it ends by itself."""

    first = day("From", "Of an extension's calls, the first day. Empty: from the beginning.")
    last = day("To", "The last day. Empty: what comes later too.")
    reason = reason("Who may not delete it is told this.")
    ends = day("Until", "The hold's own last day. Empty: until it is lifted.")

    def __init__(self, data: Any, *, principal: Principal, zone: ZoneInfo) -> None:
        super().__init__(data)
        self.principal, self.zone = principal, zone

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        first, last = values.get("first"), values.get("last")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first one.")
        if (first or last) and not self.of_extension(values):
            self.add_error("first" if first else "last", "Only an extension is held over a period.")
        return values

    def of_extension(self, values: dict[str, Any]) -> bool:
        raise NotImplementedError

    def hold(self) -> Hold:
        raise NotImplementedError

    def until(self) -> datetime | None:
        return self.after(self.cleaned_data["ends"])

    def over_period(self, extension: Extension) -> Hold:
        first = self.cleaned_data["first"]
        start = datetime.combine(first, time.min, self.zone) if first else None
        return on_extension(extension, start, self.after(self.cleaned_data["last"]))

    def after(self, last: date | None) -> datetime | None:
        """When the day after begins."""
        return datetime.combine(last + timedelta(days=1), time.min, self.zone) if last else None


class HoldForm(PlacingForm):
    """A hold on an extension, or on a number."""

    extension = extension_by_number(label="Extension", help_text="Its number; or else:")
    number = forms.CharField(
        label="Number", required=False, max_length=60, help_text="Of who called or was called, whole: +44 20 7946 0123."
    )
    field_order = ["extension", "number", "first", "last", "reason", "ends"]

    def __init__(self, data: Any, *, principal: Principal, zone: ZoneInfo) -> None:
        super().__init__(data, principal=principal, zone=zone)
        fields: dict[str, Any] = self.fields
        fields["extension"].queryset = Extension.objects.visible_to(principal).in_use()

    def clean_number(self) -> str:
        number = self.cleaned_data["number"]
        if number:
            try:
                on_number(number)
            except ValueError:
                raise forms.ValidationError("Digits or letters are needed.") from None
        return str(number)

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if not self.errors and bool(values.get("extension")) == bool(values.get("number")):
            self.add_error("number", "An extension or a number is needed, and not both.")
        return values

    def of_extension(self, values: dict[str, Any]) -> bool:
        return bool(values.get("extension"))

    def hold(self) -> Hold:
        extension = self.cleaned_data["extension"]
        return self.over_period(extension) if extension else on_number(self.cleaned_data["number"])


class CallHoldForm(PlacingForm):
    """A hold on a call, or on what took part in it: its recordings, extensions, numbers."""

    what = forms.ChoiceField(label="What")
    field_order = ["what", "first", "last", "reason", "ends"]

    def __init__(self, data: Any, *, principal: Principal, zone: ZoneInfo, call: Call) -> None:
        super().__init__(data, principal=principal, zone=zone)
        self.call = call
        self.records = {str(record.uuid): record for record in self.mine(Record).order_by("init_time", "id")}
        legs = self.mine(Leg).filter(extension__isnull=False).select_related("extension").order_by("init_time", "id")
        self.extensions = {str(leg.extension_id): leg.extension for leg in legs}
        fields: dict[str, Any] = self.fields
        fields["what"].choices = list(self.choices())

    def mine(self, model: Any) -> Any:
        return model.objects.visible_to(self.principal).filter(call_id=self.call.pk)

    def choices(self) -> Any:
        yield "call", "This call with all its recordings"
        for uuid, record in self.records.items():
            yield f"record {uuid}", f"The recording of {clock(record.init_time)} alone"
        for pk, extension in self.extensions.items():
            yield f"extension {pk}", f"All of extension {extension}, over a period"
        for number in dict.fromkeys(filter(None, (self.call.caller_number, self.call.called_number))):
            if any(character.isascii() and character.isalnum() for character in number):
                yield f"number {number}", f"All calls from and to {phone(number)}"

    def of_extension(self, values: dict[str, Any]) -> bool:
        return str(values.get("what", "")).startswith("extension ")

    def hold(self) -> Hold:
        kind, _, named = self.cleaned_data["what"].partition(" ")
        if kind == "record":
            return on_record(UUID(named), self.call.pk, self.records[named].extension_id)
        if kind == "extension":
            return self.over_period(self.extensions[named])
        return on_number(named) if kind == "number" else on_call(self.call.pk, self.call.call_uuid)


class LiftForm(forms.Form):
    reason = reason("The hold stays in the list, with this beside it.")


class HoldsForm(forms.Form):
    """What the list of holds can be asked for."""

    kind = forms.ChoiceField(label="What", required=False, choices=[("", ANY), *Hold.Kind.choices])
    status = forms.ChoiceField(label="State", required=False, choices=[("", ANY), *((name, name) for name in STATUSES)])

    def filters(self) -> dict[str, Any]:
        """The values as HoldFilter takes them."""
        return {name: [value] for name, value in self.cleaned_data.items() if value}

    def chips(self) -> list[dict[str, str]]:
        return [{"names": name, "label": value} for name, value in self.cleaned_data.items() if value]
