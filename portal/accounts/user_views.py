"""The people of one client: who they are, what they see, and whether they may sign in."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from portal.accounts import tokens
from portal.accounts.models import User
from portal.accounts.user_forms import NewPasswordForm, NewUserForm, UserForm
from portal.audit.changes import changed
from portal.clients.models import Status
from portal.clients.pages import AdministrationPage, EditPage, deed
from portal.web.numbered import numbered_page


class OfPeople:
    """Users of the client; an operator belongs to none and is not among them."""

    def people(self) -> QuerySet[User]:
        return User.objects.visible_to(self.principal).select_related("group", "extension")  # type: ignore[attr-defined]

    def person(self) -> User:
        found = self.people().filter(pk=self.kwargs["pk"]).first()  # type: ignore[attr-defined]
        if found is None:
            raise Http404
        return found


class UsersPage(OfPeople, AdministrationPage):
    template_name = "accounts/users.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = numbered_page(self.people().order_by("login"), request.GET)
        context = {"section": "users", "users": page.rows, "may_change": self.may_change}
        return self.page(context | page.links(request.GET))


class UserEdit(OfPeople, EditPage):
    section, list_label = "users", "Users"

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return UserForm(data, instance=self.person(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"User {form.initial['login']}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        if form.instance.pk == self.principal.user_id:
            return {"note": "This is you. What you see, and whether you may sign in, is changed by somebody else."}
        return {"deeds": deeds_of(form.instance, form.initial["login"])}

    def done(self, row: User) -> str:
        return f"{row.full_name} is saved."


class UserNew(UserEdit):
    submit = "Make the user"

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return NewUserForm(data, instance=User(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return "New user"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {}

    def done(self, row: User) -> str:
        return f"{row.full_name} can sign in as {row.login}."


class UserPassword(UserEdit):
    submit = "Set the password"

    def person(self) -> User:
        person = super().person()
        if person.pk == self.principal.user_id:
            raise Http404  # one's own password is changed by who knows the old one
        return person

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return NewPasswordForm(data, instance=self.person(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"New password for {form.instance.login}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {"note": f"{form.instance.full_name} is signed out everywhere. Tell the new password in person."}

    def done(self, row: User) -> str:
        return f"{row.login} has a new password and was signed out everywhere."


class UserBlock(OfPeople, AdministrationPage):
    status, said = Status.BLOCKED, "is blocked, and out everywhere"

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = self.person()
        if person.pk == self.principal.user_id:
            messages.error(request, "Nobody can block themselves.")
            return redirect("user", pk)
        if not person.is_active:
            tokens.sign_out(person)
        person.status = self.status
        person.save(update_fields=["status"])
        changed(self.principal, person, self.status)
        messages.success(request, f"{person.full_name} {self.said}.")
        return redirect("users")


class UserUnblock(UserBlock):
    status, said = Status.ACTIVE, "may sign in again"


def deeds_of(person: User, login: str) -> list[dict[str, Any]]:
    """What an administrator can do with somebody else."""
    url = {name: reverse(f"user-{name}", args=[person.pk]) for name in ("password", "block", "unblock")}
    password = deed("Password", "For who has forgotten it.", "Set a new password", url["password"]) | {"get": True}
    held = deed(
        "Tokens", "What applications hold in this name.", "Show the tokens", f"{reverse('tokens')}?user={person.pk}"
    )
    shown = [password, held | {"get": True}]
    if person.is_active:
        text = "Ends the sign-in at once. Nothing that belongs to the user is deleted."
        return [*shown, deed("Block", text, f"Block {login}", url["block"], danger=True)]
    return [*shown, deed("Unblock", "The password stays as it was.", f"Unblock {login}", url["unblock"])]
