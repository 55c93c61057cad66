"""Django admin for operators: bound to one client at a time, and to none until one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import Paginator
from django.db import IntegrityError, connection, transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property

from portal.access.isolation import bind_principal, scope
from portal.audit.actions import Action, ActorKind
from portal.audit.changes import changed
from portal.audit.ledger import Actor, note


class PortalAdminSite(AdminSite):
    site_header = "Callvault operations"
    site_title = "Callvault operations"
    index_title = "The installation"
    enable_nav_sidebar = True

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(user.is_authenticated and user.is_active and user.is_staff)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        def bound(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                return view(request, *args, **kwargs)
            if any("\x00" in value for _, values in request.GET.lists() for value in values):
                raise SuspiciousOperation("a NUL in a filter: PostgreSQL has none to compare it with")
            try:
                return self.within_transaction(view, request, *args, **kwargs)
            except IntegrityError:
                # Somebody else was quicker than the form's check, or the row is still in use.
                messages.error(request, "Nothing was saved: it would clash with another row, or one still needs it.")
                return redirect(request.path)

        return super().admin_view(bound, cacheable)

    def within_transaction(
        self, view: Callable[..., Any], request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        # The response is rendered in here: a lazy template would read its rows after the binding has ended.
        with transaction.atomic():
            bind_principal(request.principal)  # type: ignore[attr-defined]
            response = view(request, *args, **kwargs)
            if hasattr(response, "render") and not response.is_rendered:
                response.render()
            if request.method == "POST":
                connection.check_constraints()  # those that wait for the commit, where nobody could tell it any more
            return response

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """There is one sign-in, the portal's. Who has signed in and is no operator does not find this page."""
        asked = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index", current_app=self.name)
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise Http404
        return redirect(f"{reverse('sign-in')}?{urlencode({'next': asked})}")

    def logout(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if self.has_permission(request):
            with scope(None, operator=True):
                note(Action.SIGN_OUT, Actor(ActorKind.USER, request.user.pk))
        logout(request)
        return redirect("sign-in")

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("password-change")

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return super().each_context(request) | {"principal": getattr(request, "principal", None)}


class BoundedPaginator(Paginator):
    """Counts to 10,000 and no further: a full count of a long table takes longer than the page is worth.

    What lies deeper is reached by the filters and the search, which the page says.
    """

    most = 10_000

    @cached_property
    def count(self) -> int:
        return len(self.object_list.values_list("pk", flat=True).order_by()[: self.most])  # type: ignore[attr-defined]


class InClient(ModelForm):
    """A form of a row of one client: a new row has its client before it is checked, so that all constraints are."""

    tenant_field = ""
    client_id: int | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            setattr(self.instance, f"{self.tenant_field}_id", self.client_id)

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {self.tenant_field}  # type: ignore[misc]


class NotedAdmin(ModelAdmin):
    """What operators do to rows stands in the ledger of the client whose rows they are."""

    def client_of(self, obj: Any) -> int | None:
        raise NotImplementedError

    def noted(self, request: HttpRequest, obj: Any, deed: str, fields: Iterable[str] = ()) -> None:
        changed(Actor(ActorKind.USER, request.user.pk, self.client_of(obj)), obj, deed, fields)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.noted(request, obj, "made")
        return super().log_addition(request, obj, message)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        if not add:
            self.noted(request, form.instance, "changed", form.changed_data)
        return super().construct_change_message(request, form, formsets, add)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        for obj in queryset:
            self.noted(request, obj, "deleted")
        return super().log_deletions(request, queryset)


class ClientAdmin(NotedAdmin):
    """Rows of the one client the operator works in; a new row gets that client."""

    readonly: bool = False
    tenant_field = "client"
    paginator = BoundedPaginator
    list_per_page = 50
    show_full_result_count = False

    def client_of(self, obj: Any) -> int | None:
        found: int | None = getattr(obj, f"{self.tenant_field}_id")
        return found

    def get_queryset(self, request: HttpRequest) -> Any:
        return self.model._default_manager.visible_to(request.principal)  # type: ignore[attr-defined]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [self.tenant_field, *(super().get_exclude(request, obj) or [])]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        client_id = request.principal.client_id  # type: ignore[attr-defined]
        return type(form.__name__, (form, InClient), {"tenant_field": self.tenant_field, "client_id": client_id})

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        chosen = request.principal.client_id is not None  # type: ignore[attr-defined]
        return chosen and not self.readonly and super().has_add_permission(request, *args)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.readonly and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.readonly and super().has_delete_permission(request, obj)
