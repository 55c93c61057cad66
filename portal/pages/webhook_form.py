"""A new webhook, made on a page."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.clients.forms import OfClient, extension_by_number
from portal.clients.models import Extension, ExtensionGroup
from portal.clients.pages import EditPage
from portal.live.models import Subscription
from portal.live.subscribing import MOST, SPOKEN, checked, is_full
from portal.live.targets import LONGEST_URL, BadTarget


class WebhookForm(OfClient):
    url = forms.CharField(
        label="Address",
        max_length=LONGEST_URL,
        widget=forms.URLInput({"placeholder": "https://hooks.example.com/calls"}),
        help_text="An https address that can be reached from everywhere.",
    )
    group = forms.ModelChoiceField(
        ExtensionGroup.objects.none(),
        label="Group",
        required=False,
        empty_label="Everybody",
        help_text="For the calls of that one alone.",
    )
    extension = extension_by_number(label="Extension", help_text="Its number, for the calls of that one alone.")

    class Meta:
        model = Subscription
        fields = ["url", "moment", "method", "group", "extension"]
        labels = {"moment": "When", "method": "Method"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        self.instance.dialect = SPOKEN[0]
        fields["method"].choices = [(name, name) for name in ("POST", "GET")]
        fields["group"].queryset = ExtensionGroup.objects.visible_to(self.principal)
        fields["extension"].queryset = Extension.objects.visible_to(self.principal).in_use()

    def clean_url(self) -> str:
        try:
            return checked(self.cleaned_data["url"])
        except BadTarget as error:
            raise forms.ValidationError(f"It cannot be sent to: {error}.") from None

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("group") and values.get("extension"):
            self.add_error("extension", "Choose a group or an extension, not both.")
        if self.principal.client_id is not None and is_full(self.principal.client_id):
            raise forms.ValidationError(f"A client has at most {MOST} webhooks. Delete one that nobody needs.")
        return values


class WebhookNew(EditPage):
    deeds = {"GET": "events:write", "POST": "events:write"}
    section, list_label, submit = "webhooks", "Webhooks", "Make the webhook"

    def form(self, data: Any = None) -> forms.ModelForm:
        return WebhookForm(data, instance=Subscription(), principal=self.principal)

    def title(self, form: forms.ModelForm) -> str:
        return "New webhook"

    def done(self, row: Subscription) -> str:
        return f"{row.url} is told when {row.get_moment_display()}."
