"""Django admin for operators: bound to one client at a time, and to none until one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property

from portal.access.isolation import bind_principal


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
            # The response is rendered in here: a lazy template would read its rows after the binding has ended.
            with transaction.atomic():
                bind_principal(request.principal)  # type: ignore[attr-defined]
                response = view(request, *args, **kwargs)
                if hasattr(response, "render") and not response.is_rendered:
                    response.render()
                return response

        return super().admin_view(bound, cacheable)

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


class ClientAdmin(ModelAdmin):
    """Rows of the one client the operator works in; a new row gets that client."""

    readonly: bool = False
    tenant_field = "client"
    paginator = BoundedPaginator
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> Any:
        return self.model._default_manager.visible_to(request.principal)  # type: ignore[attr-defined]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [self.tenant_field, *(super().get_exclude(request, obj) or [])]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if getattr(obj, f"{self.tenant_field}_id") is None:
            setattr(obj, f"{self.tenant_field}_id", request.principal.client_id)  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        chosen = request.principal.client_id is not None  # type: ignore[attr-defined]
        return chosen and not self.readonly and super().has_add_permission(request, *args)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.readonly and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not self.readonly and super().has_delete_permission(request, obj)
