"""Sign in and out, one's own password, and the client an operator works in."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from portal.access.isolation import scope
from portal.accounts import noting, tokens
from portal.accounts.forms import PasswordChangeForm, SignInForm
from portal.accounts.middleware import OPERATORS_CLIENT
from portal.accounts.models import User
from portal.accounts.throttle import WAIT, admission
from portal.audit.changes import changed
from portal.clients.lookups import directory
from portal.web.pages import PageView


def asked_next(request: HttpRequest) -> str:
    """The page of ours that was asked for; "" where it was none, or none of ours."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    return asked if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()) else ""


def next_url(request: HttpRequest) -> str:
    """Where to go on: a page of ours that was asked for, else the first page."""
    return asked_next(request) or reverse("calls")


class SignInPage(PageView):
    template_name = "accounts/sign_in.html"
    public = True

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(next_url(request))
        return self.page({"form": SignInForm(request), "next": request.GET.get("next", "")})

    def post(self, request: HttpRequest) -> HttpResponse:
        with admission(request) as admitted:
            return self.sign_in(request) if admitted else self.too_many(request)

    def too_many(self, request: HttpRequest) -> HttpResponse:
        response = render(request, "accounts/too_many.html", status=429)
        response["Retry-After"] = str(WAIT)
        return response

    def sign_in(self, request: HttpRequest) -> HttpResponse:
        form = SignInForm(request, request.POST)
        if not form.is_valid() or form.user is None:
            noting.failed(request.POST.get("username", ""), "page")
            return self.page({"form": form, "next": request.POST.get("next", "")}, status=422)
        with scope(form.user.client_id, operator=form.user.is_operator):
            login(request, form.user)  # it also writes last_login into the user's row
            noting.signed_in(form.user)
        return redirect(next_url(request))


class SignOutPage(PageView):
    public = True

    def post(self, request: HttpRequest) -> HttpResponse:
        asked = asked_next(request)
        if request.user.is_authenticated:
            noting.signed_out(request.user)
        logout(request)
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': asked})}" if asked else "sign-in")


class PasswordPage(PageView):
    template_name = "accounts/password_change.html"
    without_client = True

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.page({"form": PasswordChangeForm(request.user), "back_url": reverse("calls")})  # type: ignore[arg-type]

    def post(self, request: HttpRequest) -> HttpResponse:
        user: User = request.user  # type: ignore[assignment]
        form = PasswordChangeForm(user, request.POST)
        if not form.is_valid():
            return self.page({"form": form, "back_url": reverse("calls")}, status=422)
        user.set_password(form.cleaned_data["new_password1"])
        with scope(user.client_id, operator=user.is_operator):
            User.objects.filter(pk=user.pk).update(password=user.password)
            tokens.sign_out(user)
            changed(noting.actor(user), user, "changed", ["password"])
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is changed. Other browsers and programs were signed out.")
        return redirect("calls")


class ChooseClientPage(PageView):
    """Operators work in one client at a time."""

    template_name = "accounts/choose_client.html"
    without_client = True

    def get(self, request: HttpRequest) -> HttpResponse:
        self.operators_only()
        current = request.session.get(OPERATORS_CLIENT)
        return self.page({"clients": directory(), "current_id": current, "next": request.GET.get("next", "")})

    def post(self, request: HttpRequest) -> HttpResponse:
        self.operators_only()
        wanted = request.POST.get("client", "")
        chosen = next((client for client in directory() if str(client.pk) == wanted), None)
        if chosen is None:
            raise Http404
        request.session[OPERATORS_CLIENT] = chosen.pk
        rotate_token(request)  # a form that was opened in the client before must not be saved into this one
        noting.entered(self.principal, chosen.pk)
        return redirect(next_url(request))

    def operators_only(self) -> None:
        if not self.principal.operator:
            raise Http404
