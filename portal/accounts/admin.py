from typing import Any

import django.contrib.auth.admin  # noqa: F401 - as below
import oauth2_provider.admin  # noqa: F401 - it registers our models as it loads; ours replace them below
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import password_validation
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from oauth2_provider.models import DeviceGrant

from portal.accounts import tokens
from portal.accounts.application_views import secret_context
from portal.accounts.models import AccessToken, Application, Grant, IDToken, Level, RefreshToken, User
from portal.accounts.user_forms import fit_to_level, free_login
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.web.admin import ClientAdmin

REPLACED = (Application, AccessToken, RefreshToken, Grant, IDToken, DeviceGrant, Group)


class UserForm(forms.ModelForm):
    new_password = forms.CharField(
        required=False, strip=False, widget=forms.PasswordInput, help_text="Leave empty to keep the password."
    )

    class Meta:
        model = User
        fields = [
            *("login", "email", "first_name", "last_name", "level", "group", "extension"),
            *("read_only", "status", "timezone", "comment"),
        ]

    def clean_login(self) -> str:
        return free_login(self.cleaned_data["login"], self.instance)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        fit_to_level(self, values)
        return values

    def clean_new_password(self) -> str:
        password = self.cleaned_data["new_password"]
        if password:
            password_validation.validate_password(password, self.instance)
        elif self.instance.pk is None:
            raise forms.ValidationError("A new user needs a password.")
        return password

    def clean_level(self) -> str:
        if self.cleaned_data["level"] == Level.OPERATOR:
            raise forms.ValidationError("Operators are made with ./manage.py create_user --operator.")
        return self.cleaned_data["level"]


@admin.register(User)
class UserAdmin(ClientAdmin):
    form = UserForm
    list_display = ["login", "first_name", "last_name", "level", "read_only", "status", "last_login"]
    list_filter = ["level", "status", "read_only"]
    search_fields = ["login", "first_name", "last_name", "email"]
    readonly_fields = ["last_login", "created_at"]

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Not by the hash of a password: who may filter by its letters can spell it out."""
        return not lookup.startswith("password") and super().lookup_allowed(lookup, value, request)

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        if form.cleaned_data["new_password"]:
            obj.set_password(form.cleaned_data["new_password"])
        super().save_model(request, obj, form, change)
        if form.cleaned_data["new_password"] or (change and "status" in form.changed_data and obj.is_active):
            tokens.sign_out(obj)


for model in [model for model in admin.site._registry if issubclass(model, REPLACED)]:
    admin.site.unregister(model)


@admin.register(Application)
class ApplicationAdmin(ClientAdmin):
    tenant_field = "tenant"
    list_display = ["name", "type", "access", "status", "created"]
    list_filter = ["type", "status"]
    fields = ["name", "type", "access", "status", "group", "extension", "scopes", "hourly_limit", "redirect_uris"]
    search_fields = ["name", "client_id"]
    actions = ["end_tokens"]

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        obj.shown_once = obj.client_secret  # saving leaves its hash
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The answer to the POST itself: a secret that is kept for the next page would be kept in clear."""
        context = secret_context(obj, obj.shown_once, f"{obj.name} is made")
        return render(request, "accounts/application_secret.html", context)

    @admin.action(description="End all tokens of the selected applications", permissions=["change"])
    def end_tokens(self, request: HttpRequest, queryset: QuerySet[Application]) -> None:
        total = 0
        for row in queryset:
            ended = tokens.end_all(tenant_id=row.tenant_id, application=row)
            note(Action.TOKEN_ENDED, request.principal, ("application", row.pk), tokens=ended)  # type: ignore[attr-defined]
            total += ended
        messages.success(request, f"Tokens ended: {total}.")


@admin.register(AccessToken)
class AccessTokenAdmin(ClientAdmin):
    """Tokens are read and ended here; each stands for its refresh token too. They are made at /oauth/token alone."""

    tenant_field = "tenant"
    readonly = True
    list_display = ["application", "user", "scope", "granted", "used_at", "ends"]
    list_filter = ["application"]
    list_select_related = ["application", "user", "refresh_token"]
    search_fields = ["user__login", "application__name"]
    fields = ["application", "user", "scope", "granted", "used_at", "expires", "ends"]
    readonly_fields = ["application", "user", "scope", "granted", "used_at", "expires", "ends"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: AccessToken) -> None:
        tokens.end(obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[AccessToken]) -> None:
        for token in queryset:
            tokens.end(token)
