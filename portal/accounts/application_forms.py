"""The applications of a client, as its administrator makes and changes them."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.access.principal import Principal
from portal.accounts.models import Application, ApplicationAccess, ApplicationType
from portal.accounts.words import DEEDS_IN_WORDS
from portal.clients.models import Extension, ExtensionGroup

TYPES = [
    (ApplicationType.TRUSTED.value, "A program on a server, with a secret of its own"),
    (ApplicationType.PUBLIC.value, "A program that people let in from their browser"),
    (ApplicationType.PASSWORD.value, "An old program that asks people for their passwords"),
]
ACCESS = [
    (ApplicationAccess.ALL.value, "All of the interface"),
    (ApplicationAccess.CALL_API.value, "Calls and their events alone (Call API)"),
]
COME_BACK = (
    "Where people come back to, one a line: https://…, http://127.0.0.1/… or com.example.app:/…. "
    "Needed for a program that people let in."
)


class ApplicationForm(forms.ModelForm):
    access = forms.ChoiceField(label="May use", choices=ACCESS)
    scopes = forms.MultipleChoiceField(
        label="May do",
        choices=list(DEEDS_IN_WORDS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None marked: all of it but the last. For a person never more than the person may.",
    )
    group = forms.ModelChoiceField(
        ExtensionGroup.objects.none(), label="Sees only the group", required=False, empty_label="–"
    )
    extension = forms.ModelChoiceField(
        Extension.objects.none(),
        label="Sees only the extension",
        required=False,
        to_field_name="number",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "101"}),
        help_text="Its number. Neither group nor extension: it sees the whole company.",
        error_messages={"invalid_choice": "There is no such extension."},
    )
    redirect_uris = forms.CharField(
        label="Addresses to come back to", required=False, widget=forms.Textarea({"rows": 2}), help_text=COME_BACK
    )

    class Meta:
        model = Application
        fields = ["name", "access", "scopes", "group", "extension", "redirect_uris", "hourly_limit"]
        labels = {"name": "Name", "hourly_limit": "Requests an hour at most"}
        help_texts = {"hourly_limit": "Empty: as many as the company has. 0: no limit of its own."}

    def __init__(self, *args: Any, principal: Principal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.principal = principal
        self.instance.tenant_id = principal.client_id
        fields: dict[str, Any] = self.fields
        fields["name"].required = True
        fields["group"].queryset = ExtensionGroup.objects.visible_to(principal)
        fields["extension"].queryset = Extension.objects.visible_to(principal).exclude(status="retired")
        self.initial["scopes"] = self.instance.scopes.split()
        self.initial["redirect_uris"] = "\n".join(self.instance.redirect_uris.split())
        if self.instance.extension:
            self.initial["extension"] = self.instance.extension.number

    def clean_scopes(self) -> str:
        return " ".join(self.cleaned_data["scopes"])

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("group") and values.get("extension"):
            self.add_error("extension", "Either a group or an extension.")
        return values


class NewApplicationForm(ApplicationForm):
    """What an application is cannot be changed later: its tokens were given for it."""

    type = forms.ChoiceField(label="What it is", choices=TYPES)
    field_order = ["name", "type"]

    class Meta(ApplicationForm.Meta):
        fields = ["name", "type", "access", "scopes", "group", "extension", "redirect_uris", "hourly_limit"]
