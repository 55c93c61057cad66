"""A page of one client: its row, and its times in the zone of who looks; and the pages that change its things."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from psycopg.errors import UniqueViolation

from portal.access.principal import Reach
from portal.audit.changes import changed
from portal.clients.models import Client
from portal.web.pages import PageView


class ClientPage(PageView):
    """`self.client` is the client one works in, `self.zone` one's own time zone or else the client's."""

    client: Client
    zone: ZoneInfo

    def enter(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.client = request.client = Client.objects.visible_to(self.principal).get()  # type: ignore[attr-defined]
        own = request.user.timezone  # type: ignore[union-attr]
        self.zone = ZoneInfo(own) if own else self.client.zone
        with timezone.override(self.zone):
            return super().enter(request, *args, **kwargs)


class AdministrationPage(ClientPage):
    """What a client's administrators see, and change unless they may only read. For anybody else it is not there."""

    reaches = frozenset({Reach.CLIENT})
    deeds = {"GET": "config:read", "POST": "config:write"}

    @property
    def may_change(self) -> bool:
        return self.principal.administers


class EditPage(AdministrationPage):
    """One thing to make or to change, by one form; whoever may not change it has no such page."""

    template_name = "components/edit.html"
    deeds = {"GET": "config:write", "POST": "config:write"}
    section: str
    list_name = ""  # the address of the list it belongs to, where that is not the section's
    list_label: str
    submit = "Save"

    def form(self, data: QueryDict | None = None) -> ModelForm:
        raise NotImplementedError

    def title(self, form: ModelForm) -> str:
        raise NotImplementedError

    def more(self, form: ModelForm) -> dict[str, Any]:
        """A `note` above the form, and `deeds` beside it."""
        return {}

    def done(self, row: Any) -> str:
        """What the next page says has happened."""
        raise NotImplementedError

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        return self.shown(self.form())

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid() or not saved(form):
            return self.shown(form, status=422)
        messages.success(request, self.done(form.instance))
        return redirect(self.list_name or self.section)

    def shown(self, form: ModelForm, *, status: int = 200) -> HttpResponse:
        the_list = reverse(self.list_name or self.section)
        context = {
            "section": self.section,
            "title": self.title(form),
            "form": form,
            "submit": self.submit,
            "cancel_url": the_list,
            "parent": {"label": self.list_label, "url": the_list},
        }
        return self.page(context | self.more(form), status=status)


def saved(form: ModelForm) -> bool:
    """Save what a form found good. False where somebody else took its name in the same moment: the form says so."""
    deed = "made" if form.instance._state.adding else "changed"
    try:
        with transaction.atomic():
            form.save()
            changed(form.principal, form.instance, deed, form.changed_data)  # type: ignore[attr-defined]
    except IntegrityError as error:
        if not isinstance(error.__cause__, UniqueViolation):
            raise
        form.add_error(None, "Somebody else has just taken this name or number. Choose another one.")
        return False
    return True


def deed(title: str, text: str, submit: str, url: str, *, danger: bool = False) -> dict[str, Any]:
    """What else can be done with a thing: a button of its own that says what it does and to whom."""
    return {"title": title, "text": text, "submit": submit, "url": url, "danger": danger}
