"""Asking for an archive on a page: what it would hold is shown before it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from archives.asking import (
    MOST_ADDRESSES,
    MOST_PARTS,
    NothingFound,
    Preview,
    Refusal,
    TooFrequent,
    TooLarge,
    Wanted,
    Wrong,
    ask,
    preview,
)
from portal.access.principal import Principal
from portal.clients import settings as client_settings
from portal.clients.forms import extension_by_number
from portal.clients.models import Client, Extension
from portal.mail.addresses import read_addresses
from portal.pages.archives import ArchivePages
from portal.web.periods import CUSTOM, FIRST_DAY, LAST_DAY, PRESETS, midnight, period_of
from portal.web.templatetags.portal_format import size

# A period of an archive has an end.
CHOICES = [*((key, preset.label) for key, preset in PRESETS.items() if key != "all"), (CUSTOM, "From … to …")]
DEFAULT = "last_30_days"


def day(label: str) -> forms.DateField:
    return forms.DateField(label=label, required=False, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


class SelectionForm(forms.Form):
    """Which recordings. Days are those of `zone`, and count where the period is no preset."""

    period = forms.ChoiceField(label="Calls of", choices=CHOICES)
    first = day("From")
    last = day("To")
    extension = extension_by_number(label="Extension", help_text="Its number. Empty: of all.")
    split = forms.BooleanField(label="In parts where it is too large for one", required=False)

    def __init__(self, data: Any, *, principal: Principal, client: Client, zone: ZoneInfo, **more: Any) -> None:
        super().__init__(data, **more)
        self.principal, self.zone = principal, zone
        fields: dict[str, Any] = self.fields
        # Of a number that was given to another one since, the one that has it now.
        fields["extension"].queryset = Extension.objects.visible_to(principal).in_use()
        limit = client_settings.value(client, "archive_max_bytes")
        fields[
            "split"
        ].help_text = f"An archive holds {size(limit)} of recordings at most; there are {MOST_PARTS} parts at most."

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("period") == CUSTOM:
            self.check_days(values.get("first"), values.get("last"))
        return values

    def check_days(self, first: Any, last: Any) -> None:
        for name, found in (("first", first), ("last", last)):
            if found is None and name not in self.errors:
                self.add_error(name, "Choose the first day and the last one.")
            elif found and not FIRST_DAY <= found <= LAST_DAY:
                self.add_error(name, "A day from 1970 on is needed.")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first.")

    def wanted(self, **more: Any) -> Wanted:
        """What was chosen, as it is asked for; the form is valid."""
        values = self.cleaned_data
        period = period_of(values["period"], values["first"], values["last"], self.zone, timezone.now())
        assert period.first is not None and period.last is not None
        extension = values["extension"]
        return Wanted(
            midnight(period.first, self.zone),
            midnight(period.last + timedelta(days=1), self.zone),
            extension_id=extension.pk if extension else None,
            split=values["split"],
            **more,
        )

    @property
    def end(self) -> str:
        """The field that says until when."""
        return "last" if self.cleaned_data["period"] == CUSTOM else "period"


class MailedForm(forms.Form):
    """Whom the link is mailed to."""

    addresses = forms.CharField(
        label="Mail the link to",
        widget=forms.TextInput({"autocomplete": "email", "inputmode": "email"}),
        help_text=f"Addresses with commas between them, at most {MOST_ADDRESSES}.",
    )

    def name_domains(self, client: Client) -> None:
        if domains := client_settings.value(client, "mail_domains"):
            self.fields["addresses"].help_text += f" Only at {', '.join(domains)}."

    def clean_addresses(self) -> list[str]:
        try:
            return read_addresses(self.cleaned_data["addresses"], MOST_ADDRESSES)
        except ValueError as error:
            raise forms.ValidationError(f"{str(error)[0].upper()}{str(error)[1:]}.") from None


class AskingForm(SelectionForm, MailedForm):
    field_order = ["period", "first", "last", "extension", "addresses", "split"]

    def __init__(self, data: Any, *, client: Client, **more: Any) -> None:
        super().__init__(data, client=client, **more)
        self.name_domains(client)

    def refuse(self, refusal: Refusal) -> None:
        """Say at its field why there is none."""
        match refusal:
            case Wrong(field="addresses"):
                self.add_error("addresses", f"{refusal}.")
            case Wrong():
                self.add_error(self.end, f"The period {refusal}.")
            case NothingFound():
                self.add_error(self.end, "There are no recordings in this period.")
            case TooLarge() if self.cleaned_data["split"]:
                self.add_error("split", f"These are {size(refusal.found.bytes)}: more than {MOST_PARTS} parts.")
            case TooLarge():
                self.add_error("split", f"These are {size(refusal.found.bytes)}: too large for one archive.")
            case TooFrequent():
                self.add_error(None, too_soon(refusal.wait))
            case _:
                self.add_error("extension", "There is no such extension.")


def too_soon(wait: timedelta) -> str:
    minutes = -(-int(wait.total_seconds()) // 60)
    return (
        "The archive asked for before has not been downloaded. Another one can be asked for when it was, when it is"
        f" cancelled, or in {minutes} minute{'' if minutes == 1 else 's'}."
    )


class ArchiveNew(ArchivePages):
    """GET shows the form, filled in by the address, and what it would hold; POST asks."""

    template_name = "archives/new.html"
    fragment_name = "archives/_preview.html"
    fragment_target = "archive-preview"
    deeds = {"GET": "archive:create", "POST": "archive:create"}

    def get(self, request: HttpRequest) -> HttpResponse:
        chosen = chosen_by(request.GET)
        selection = self.form(SelectionForm, chosen)
        email = getattr(request.user, "email", "")
        form = self.form(AskingForm, None, initial=chosen | {"addresses": email})
        return self.shown(form, self.preview(selection))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = self.form(AskingForm, request.POST)
        if "count" in request.POST:  # the button of who has no JavaScript
            return self.shown(form, self.preview(self.form(SelectionForm, request.POST)))
        if not form.is_valid() or (asked := self.ask(form)) is None:
            return self.shown(form, self.preview(self.form(SelectionForm, request.POST)), status=422)
        messages.success(request, "It is being made. The link is mailed when it is ready.")
        return redirect("archive", asked)

    def ask(self, form: AskingForm) -> Any:
        """The uuid of the request; None where it was refused, and the form says why."""
        try:
            return ask(self.principal, form.wanted(addresses=form.cleaned_data["addresses"]))[0].request
        except Refusal as refusal:
            form.refuse(refusal)
            return None

    def form(self, kind: type[Any], data: Any, **more: Any) -> Any:
        return kind(data, principal=self.principal, client=self.client, zone=self.zone, **more)

    def preview(self, selection: SelectionForm) -> dict[str, Any]:
        """What would be in it, or why nothing."""
        if not selection.is_valid():
            return {"problems": dict.fromkeys(message for found in selection.errors.values() for message in found)}
        wanted = selection.wanted()
        try:
            found: Preview = preview(self.principal, wanted)
        except Refusal as refusal:
            return {"wanted": wanted, "problems": [f"The period {refusal}."]}
        wait = too_soon(found.wait) if found.wait else None
        return {"wanted": wanted, "last_moment": wanted.end - timedelta(seconds=1), "found": found, "too_soon": wait}

    def shown(self, form: AskingForm, preview: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
        context = {"section": "archives", "form": form, "preview": preview, "cancel_url": reverse("archives")}
        return self.page(context, status=status)


def chosen_by(query: Mapping[str, str]) -> dict[str, str]:
    """What the address chooses, in the words of the calls' filters (`from`, `to`) too."""
    named = {name: query.get(name, "") for name in ("period", "first", "last", "extension", "split")}
    named["first"] = named["first"] or query.get("from", "")
    named["last"] = named["last"] or query.get("to", "")
    if named["period"] not in dict(CHOICES):
        named["period"] = CUSTOM if named["first"] or named["last"] or named["period"] else DEFAULT
    return named
