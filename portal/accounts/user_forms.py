"""The people of a client, as its administrator makes and changes them."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth import password_validation
from django.db.models import Q

from portal.accounts import lookups, tokens
from portal.accounts.models import Level, User
from portal.clients.forms import OfClient, extension_by_number
from portal.clients.models import Extension, ExtensionGroup, ExtensionStatus

LEVELS = [
    (Level.CLIENT.value, "Everything of the company"),
    (Level.GROUP.value, "One group"),
    (Level.EXTENSION.value, "One extension"),
]
# What each level needs beside it: User.within_one_client says the same to the database.
NEEDS = {Level.CLIENT.value: None, Level.GROUP.value: "group", Level.EXTENSION.value: "extension"}
# Changing these of oneself could lock oneself out of undoing it.
NOT_OF_ONESELF = ("level", "group", "extension", "read_only")


def password_field(label: str, **options: Any) -> forms.CharField:
    widget = forms.PasswordInput({"autocomplete": "new-password"})
    return forms.CharField(label=label, strip=False, widget=widget, **options)


def free_login(login: str, user: User) -> str:
    """In lower case, and one's own alone in the whole installation: also another company's people have logins."""
    login = login.strip().lower()
    known = lookups.user_by_login(login)
    if known is not None and known.pk != user.pk:
        raise forms.ValidationError("This login is taken. Another one is needed.")
    return login


def fit_to_level(form: forms.ModelForm, values: dict[str, Any]) -> None:
    """Keep of group and extension what the level needs; an error on the one that is missing."""
    level = values.get("level")
    if level is None:
        return
    for name in ("group", "extension"):
        if name != NEEDS[level]:
            values[name] = None
        elif values.get(name) is None and name not in form.errors:
            form.add_error(name, f"Which {name}?")


class UserForm(OfClient):
    level = forms.ChoiceField(label="Sees", choices=LEVELS)
    group = forms.ModelChoiceField(
        ExtensionGroup.objects.none(), label="Group", required=False, empty_label="–", help_text="For one group."
    )
    extension = extension_by_number(label="Extension", help_text="For one extension: its number.")

    class Meta:
        model = User
        fields = ["login", "first_name", "last_name", "email", "level", "group", "extension", "read_only", "timezone"]
        labels = {
            "login": "Login",
            "first_name": "First name",
            "last_name": "Last name",
            "email": "E-mail",
            "read_only": "May only read and listen",
            "timezone": "Time zone",
        }
        help_texts = {"timezone": "Like Europe/London; empty: the company's."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["group"].queryset = ExtensionGroup.objects.visible_to(self.principal)
        fields["extension"].queryset = self.extensions()
        if self.instance.extension:
            self.initial["extension"] = self.instance.extension.number
        if self.is_oneself:
            for name in NOT_OF_ONESELF:
                del self.fields[name]

    def extensions(self) -> Any:
        """Those in use, and of a user whose extension is retired that one: one of each number."""
        mine, own = Extension.objects.visible_to(self.principal), self.instance.extension
        if own is None or not own.is_retired:
            return mine.in_use()
        return mine.filter(Q(pk=own.pk) | ~Q(status=ExtensionStatus.RETIRED) & ~Q(number=own.number))

    @property
    def is_oneself(self) -> bool:
        return self.instance.pk is not None and self.instance.pk == self.principal.user_id

    def clean_login(self) -> str:
        return free_login(self.cleaned_data["login"], self.instance)

    def clean_timezone(self) -> str:
        name = self.cleaned_data["timezone"].strip()
        if name and name not in available_timezones():
            raise forms.ValidationError(f"{name!r} is not a time zone; a name like Europe/London is needed.")
        return name

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        fit_to_level(self, values)
        return values


class NewUserForm(UserForm):
    field_order = ["login", "password"]
    password = password_field("Password", help_text="At least 10 characters; a common word is refused.")

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        judge(self, "password", self.instance)
        return values

    def save(self, commit: bool = True) -> User:
        self.instance.set_password(self.cleaned_data["password"])
        return super().save(commit)


class NewPasswordForm(OfClient):
    """A new password for somebody else; one's own needs the old one and has a page of its own."""

    password = password_field("New password", help_text="At least 10 characters; a common word is refused.")

    class Meta:
        model = User
        fields: list[str] = []

    def clean(self) -> dict[str, Any]:
        judge(self, "password", self.instance)
        return self.cleaned_data

    def save(self, commit: bool = True) -> User:
        self.instance.set_password(self.cleaned_data["password"])
        self.instance.save(update_fields=["password"])
        tokens.sign_out(self.instance)
        return self.instance


def judge(form: OfClient, field: str, user: User) -> None:
    """A weak password is refused with the reasons."""
    password = form.cleaned_data.get(field)
    if password is None:
        return
    try:
        password_validation.validate_password(password, user)
    except forms.ValidationError as error:
        form.add_error(field, error)
