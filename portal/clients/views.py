"""Groups and extensions of one client: the lists its administrators see, and what they change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse

from portal.audit.changes import changed
from portal.clients.deleting import delete_group, keeping_group
from portal.clients.filters import ExtensionFilter
from portal.clients.forms import ExtensionFilterForm, ExtensionForm, GroupForm, NewExtensionForm
from portal.clients.models import Extension, ExtensionGroup, ExtensionStatus
from portal.clients.pages import AdministrationPage, EditPage, deed
from portal.clients.retiring import retire
from portal.web.numbered import numbered_page


class GroupsPage(AdministrationPage):
    template_name = "clients/groups.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        groups = ExtensionGroup.objects.visible_to(self.principal).annotate(
            extension_count=Count("extension", ~Q(extension__status=ExtensionStatus.RETIRED), distinct=True),
            user_count=Count("user", distinct=True),
        )
        return self.page({"section": "groups", "groups": groups.order_by("name", "id"), "may_change": self.may_change})


class GroupEdit(EditPage):
    section, list_label = "groups", "Groups"
    submit = "Rename"

    def group(self) -> ExtensionGroup:
        return found(ExtensionGroup.objects.visible_to(self.principal), self.kwargs["pk"])

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return GroupForm(data, instance=self.group(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"Group {form.initial['name']}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        kept = ", ".join(keeping_group(form.instance))
        if kept:
            return {"note": f"The group cannot be deleted: {kept} belong to it."}
        name, url = form.initial["name"], reverse("group-delete", args=[form.instance.pk])
        return {"deeds": [deed("Delete", "Nothing belongs to this group.", f"Delete {name}", url, danger=True)]}

    def done(self, row: ExtensionGroup) -> str:
        return f"The group is called {row.name}."


class GroupNew(GroupEdit):
    submit = "Make the group"

    def group(self) -> ExtensionGroup:
        return ExtensionGroup()

    def title(self, form: ModelForm) -> str:
        return "New group"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {}

    def done(self, row: ExtensionGroup) -> str:
        return f"The group {row.name} is made."


class GroupDelete(AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        group = found(ExtensionGroup.objects.visible_to(self.principal).select_for_update(), pk)
        if kept := ", ".join(delete_group(group)):
            messages.error(request, f"{group.name} was not deleted: {kept} belong to it.")
            return redirect("group", pk)
        group.pk = pk
        changed(self.principal, group, "deleted")
        messages.success(request, f"The group {group.name} is deleted.")
        return redirect("groups")


class ExtensionsPage(AdministrationPage):
    template_name = "clients/extensions.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        form = ExtensionFilterForm(request.GET, principal=self.principal)
        context = {"section": "extensions", "form": form, "may_change": self.may_change}
        if not form.is_valid():
            problems = [(name, message) for name, found in form.errors.items() for message in found]
            return self.page(context | {"problems": problems}, status=400)
        asked = {name: value for name, value in form.cleaned_data.items() if value}
        mine = Extension.objects.visible_to(self.principal).select_related("group").order_by("number", "id")
        page = numbered_page(ExtensionFilter.narrowed(mine, form.words()), request.GET)
        chips = [chip(form, name, value) for name, value in asked.items()]
        return self.page(context | {"extensions": page.rows, "chips": chips} | page.links(request.GET))


class ExtensionEdit(EditPage):
    section, list_label = "extensions", "Extensions"
    form_class: type[ExtensionForm] = ExtensionForm

    def extension(self) -> Extension:
        return found(Extension.objects.visible_to(self.principal), self.kwargs["pk"])

    def form(self, data: QueryDict | None = None) -> ModelForm:
        return self.form_class(data, instance=self.extension(), principal=self.principal)

    def title(self, form: ModelForm) -> str:
        return f"Extension {form.instance.number}"

    def more(self, form: ModelForm) -> dict[str, Any]:
        extension: Extension = form.instance
        note = "First heard of in a call; nobody made it by hand." if extension.discovered else ""
        url = reverse("extension-retire", args=[extension.pk])
        retire = deed(
            "Retire",
            "It leaves the lists of what is in use, its outside numbers and its own number are free; its calls and"
            " recordings stay.",
            f"Retire {extension.number}",
            url,
            danger=True,
        )
        return {"note": note, "deeds": [] if extension.is_retired else [retire]}

    def done(self, row: Extension) -> str:
        return f"Extension {row.number} is saved."


class ExtensionNew(ExtensionEdit):
    form_class = NewExtensionForm
    submit = "Make the extension"

    def extension(self) -> Extension:
        return Extension()

    def title(self, form: ModelForm) -> str:
        return "New extension"

    def more(self, form: ModelForm) -> dict[str, Any]:
        return {}


class ExtensionRetire(AdministrationPage):
    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        extension = found(Extension.objects.visible_to(self.principal), pk)
        if kept := "; ".join(retire(extension)):
            messages.error(request, f"Extension {extension.number} was not retired, it is under legal hold: {kept}.")
            return redirect("extension", pk)
        changed(self.principal, extension, "retired")
        messages.success(request, f"Extension {extension.number} is retired. Its calls and recordings stay.")
        return redirect("extensions")


def found(rows: Any, pk: int) -> Any:
    """The row of an id within reach; 404 for any other."""
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def chip(form: ExtensionFilterForm, name: str, value: Any) -> dict[str, str]:
    field: Any = form.fields[name]
    label = dict(field.choices).get(value, value) if name in {"type", "status"} else value
    return {"names": name, "kind": "" if name in {"type", "status"} else field.label, "label": str(label)}
