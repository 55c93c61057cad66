from django.contrib import admin
from django.forms import ModelForm, ValidationError
from django.http import HttpRequest

from portal.access.isolation import bind
from portal.clients.models import Client, Did, Extension, ExtensionGroup, ExtensionStatus
from portal.clients.retiring import kept_in_use, retire
from portal.web.admin import ClientAdmin, NotedAdmin


@admin.register(Client)
class ClientsAdmin(NotedAdmin):
    """The directory of clients. Settings are changed by the client administrator or `client_settings`."""

    list_display = ["name", "slug", "timezone", "status", "created_at"]
    search_fields = ["name", "slug"]
    fields = ["name", "slug", "prefix", "domain", "timezone", "status", "link_generation", "created_at"]
    readonly_fields = ["created_at"]

    def client_of(self, obj: Client) -> int:
        return obj.pk

    def save_model(self, request: HttpRequest, obj: Client, form: ModelForm, change: bool) -> None:
        if not change:
            obj.pk = Client.next_id()
        # A client is its own tenant: its row is written inside its own wall.
        bind(obj.pk, operator=True)
        obj.save(force_insert=not change)

    def has_delete_permission(self, request: HttpRequest, obj: Client | None = None) -> bool:
        return False  # a client's calls go by retention and erasure, never by one click


@admin.register(ExtensionGroup)
class ExtensionGroupAdmin(ClientAdmin):
    list_display = ["name", "created_at"]
    search_fields = ["name"]


@admin.register(Did)
class DidAdmin(ClientAdmin):
    list_display = ["number", "domain", "extension"]
    list_select_related = ["extension"]
    search_fields = ["number", "domain"]
    readonly_fields = ["created_at"]


class RetiringForm(ModelForm):
    def clean_status(self) -> str:
        status = self.cleaned_data["status"]
        retires = status == ExtensionStatus.RETIRED and self.instance.pk and not self.instance.is_retired
        if retires and (kept := kept_in_use(self.instance)):
            raise ValidationError(f"It is under legal hold: {'; '.join(kept)}.")
        return status


@admin.register(Extension)
class ExtensionAdmin(ClientAdmin):
    form = RetiringForm
    list_display = ["number", "name", "group", "type", "status", "discovered"]
    list_filter = ["type", "status", "discovered"]
    list_select_related = ["group"]
    search_fields = ["number", "name"]
    readonly_fields = ["created_at", "discovered"]

    def save_model(self, request: HttpRequest, obj: Extension, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.is_retired:
            retire(obj)

    def has_delete_permission(self, request: HttpRequest, obj: Extension | None = None) -> bool:
        return False  # an extension is retired: its recordings stay
