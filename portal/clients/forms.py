"""Groups and extensions, as a client's administrator makes and changes them."""

from __future__ import annotations

from typing import Any

from django import forms

from portal.access.principal import Principal
from portal.clients.models import Did, Extension, ExtensionGroup, ExtensionStatus, ExtensionType

ANY = "Any"


class OfClient(forms.ModelForm):
    """A form for a row of the principal's client: a new row gets that client, choices are within reach."""

    def __init__(self, *args: Any, principal: Principal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.principal = principal
        if self.instance.client_id is None:
            self.instance.client_id = principal.client_id

    def others(self) -> Any:
        """The rows of the client that this one must differ from."""
        return self._meta.model.objects.visible_to(self.principal).exclude(pk=self.instance.pk)

    def refuse_taken(self, field: str, message: str) -> Any:
        """The value of a field that is unique within the client."""
        value = self.cleaned_data[field]
        if self.others().filter(**{field: value}).exists():
            raise forms.ValidationError(message)
        return value


class GroupForm(OfClient):
    class Meta:
        model = ExtensionGroup
        fields = ["name"]
        labels = {"name": "Name"}

    def clean_name(self) -> str:
        return self.refuse_taken("name", "There is a group of this name already.")


class ExtensionForm(OfClient):
    """An extension to change. Its number is what its calls are known by, and stays.

    Retiring is a deed of its own; taking one that is retired into use again is a change of its state.
    """

    class Meta:
        model = Extension
        fields = ["name", "label", "group", "type", "status"]
        labels = {"name": "Name", "label": "Label", "group": "Group", "type": "Type", "status": "State"}
        help_texts = {
            "name": "Whose extension it is, as lists show it.",
            "label": "A note of your own.",
            "group": "Calls so far stay with the group that they were made in.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "group" in self.fields:
            groups: Any = self.fields["group"]
            groups.queryset = ExtensionGroup.objects.visible_to(self.principal)
            groups.empty_label = "No group"
        if "status" in self.fields and not self.instance.is_retired:
            states: Any = self.fields["status"]
            states.choices = [choice for choice in states.choices if choice[0] != ExtensionStatus.RETIRED]

    def others(self) -> Any:
        return super().others().in_use()

    def clean_status(self) -> str:
        status = self.cleaned_data["status"]
        if status != ExtensionStatus.RETIRED and self.others().filter(number=self.instance.number).exists():
            raise forms.ValidationError(f"The number {self.instance.number} belongs to another extension now.")
        return status


class NewExtensionForm(ExtensionForm):
    class Meta(ExtensionForm.Meta):
        fields = ["number", "name", "label", "group", "type"]
        labels = ExtensionForm.Meta.labels | {"number": "Number"}
        help_texts = ExtensionForm.Meta.help_texts | {"number": "It cannot be changed later."}

    def clean_number(self) -> str:
        return self.refuse_taken("number", "There is an extension of this number already.")


def extension_by_number(**options: Any) -> forms.ModelChoiceField:
    """An extension that is named by its number. The form says which there are: of each number one."""
    return forms.ModelChoiceField(
        Extension.objects.none(),
        required=False,
        to_field_name="number",
        widget=forms.TextInput({"autocomplete": "off", "placeholder": "101"}),
        error_messages={"invalid_choice": "There is no such extension."},
        **options,
    )


class DidForm(OfClient):
    extension = extension_by_number(label="Answered by", help_text="The number of an extension; empty: nobody.")

    class Meta:
        model = Did
        fields = ["number", "extension", "domain"]
        labels = {"number": "Number", "domain": "Domain"}
        help_texts = {
            "number": "As the PBX tells it, like +442079460101.",
            "domain": "Where it comes in, like sip.example.com.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["extension"].queryset = Extension.objects.visible_to(self.principal).in_use()
        if self.instance.extension:
            self.initial["extension"] = self.instance.extension.number

    def clean_number(self) -> str:
        return self.refuse_taken("number", "There is this number already.")


class ExtensionFilterForm(forms.Form):
    """What the list of extensions can be asked for."""

    q = forms.CharField(label="Number or name", required=False, max_length=100)
    group = forms.ModelChoiceField(ExtensionGroup.objects.none(), label="Group", required=False, empty_label=ANY)
    type = forms.ChoiceField(label="Type", required=False, choices=[("", ANY), *ExtensionType.choices])
    status = forms.ChoiceField(
        label="State", required=False, choices=[("", ANY), *ExtensionStatus.choices, ("discovered", "Discovered")]
    )

    def __init__(self, data: Any, *, principal: Principal) -> None:
        super().__init__(data)
        groups: Any = self.fields["group"]
        groups.queryset = ExtensionGroup.objects.visible_to(principal)

    def words(self) -> dict[str, Any]:
        """What is asked for, as ExtensionFilter has it."""
        asked = {name: [value] for name, value in self.cleaned_data.items() if value}
        words: dict[str, Any] = {"q": asked.pop("q")[0]} if "q" in asked else {}
        if asked.get("status") == ["discovered"]:
            del asked["status"]
            words["discovered"] = True
        return words | asked
