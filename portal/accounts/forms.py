"""Sign-in and a new password of one's own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import authenticate, password_validation
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest

from portal.accounts.models import User


class SignInForm(forms.Form):
    username = forms.CharField(
        label="Login", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.user: User | None = None

    def clean(self) -> dict[str, Any]:
        """One answer for a wrong login, a wrong password and a blocked user."""
        values = self.cleaned_data
        if "username" in values and "password" in values:
            login = values["username"].strip().lower()
            self.user = authenticate(self.request, username=login, password=values["password"])
            if self.user is None:
                raise forms.ValidationError("Login or password is wrong, or the user is blocked.")
        return values


class PasswordChangeForm(forms.Form):
    old_password = forms.CharField(
        label="Password now", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    new_password1 = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 10 characters; a common word is refused.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    new_password2 = forms.CharField(
        label="New password again", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_old_password(self) -> str:
        if not check_password(self.cleaned_data["old_password"], self.user.password):
            raise forms.ValidationError("This is not your password.")
        return self.cleaned_data["old_password"]

    def clean_new_password1(self) -> str:
        password_validation.validate_password(self.cleaned_data["new_password1"], self.user)
        return self.cleaned_data["new_password1"]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if "new_password1" in values and values["new_password1"] != values.get("new_password2"):
            self.add_error("new_password2", "The two are not the same.")
        return values
