"""Everything about a number: what there is, an access pack of it by mail, its erasure, and how far erasures are.

A number is posted, never in an address of these pages: addresses are written into logs, and into the browser's history.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from archives.asking import NothingFound, TooLarge
from archives.asking import Refusal as PackRefusal
from archives.person import packs
from archives.person.asking import Held, UnderWay, ask, in_words
from archives.person.finding import NoNumber, Person
from archives.person.looking import Seen, look, percent
from archives.person.models import Erasure, State
from archives.person.own import Own
from archives.requests import requests
from portal.clients.models import Client
from portal.clients.pages import AdministrationPage
from portal.holds.models import Hold
from portal.pages.archive_form import MailedForm
from portal.web.numbered import numbered_page
from portal.web.templatetags.portal_format import size
from records.models import Deletion

LONGEST = 60
ARCHIVES_SHOWN = 10
# What goes beside calls, CDRs, recordings and voice messages.
ALSO = {
    "captures": ("capture", "captures"),
    "participants": ("participant", "participants"),
    "events": ("live event", "live events"),
    "messages": ("message to a subscriber", "messages to subscribers"),
    "raw_facts": ("fact as it came in", "facts as they came in"),
    "quarantined": ("file that nobody could read", "files that nobody could read"),
    "report_lines": ("line of a report", "lines of reports"),
}


class NumberForm(forms.Form):
    number = forms.CharField(
        label="Number",
        max_length=LONGEST,
        help_text="Whole, with its country: +44 20 7946 0958. Blanks and signs do not count.",
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "tel"}),
    )

    def clean_number(self) -> str:
        number = str(self.cleaned_data["number"])
        try:
            Person.of(0, number)
        except NoNumber:
            raise forms.ValidationError("Digits or letters are needed.") from None
        return number


class PackForm(NumberForm, MailedForm):
    field_order = ["number", "addresses"]

    def __init__(self, data: Any, *, client: Client, **more: Any) -> None:
        super().__init__(data, **more)
        fields: dict[str, Any] = self.fields
        fields["number"].widget = forms.HiddenInput()
        self.name_domains(client)

    def refuse(self, refusal: PackRefusal) -> None:
        match refusal:
            case NothingFound():
                self.add_error(None, "There is nothing that could be in it.")
            case TooLarge():
                told = f"These are {size(refusal.found.bytes)}, and an archive holds {size(refusal.limit)} at most."
                self.add_error(None, told)
            case _:
                self.add_error("addresses", f"{refusal}.")


class PersonPages(AdministrationPage):
    """Of who may erase it all: others have no such page."""

    deeds = {"GET": "record:delete", "POST": "record:delete"}

    def check(self, request: HttpRequest) -> None:
        super().check(request)
        if not self.principal.administers:
            raise PermissionDenied

    def erasures(self) -> Any:
        return Erasure.objects.visible_to(self.principal).order_by("-id")

    def start(self, form: NumberForm, *, status: int = 200) -> HttpResponse:
        """The form for a number, and the erasures."""
        self.template_name = PersonPage.template_name
        page = numbered_page(self.erasures(), self.request.GET)
        rows = [drawn(erasure) for erasure in page.rows]
        running = any(erasure.state != State.DONE for erasure in rows)
        context = {"section": "person", "form": form, "erasures": rows, "running": running}
        return self.page(context | page.links(self.request.GET), status=status)

    def seen(self, number: str, *, form: PackForm | None = None, status: int = 200) -> HttpResponse:
        """What there is of a number, and what can be done with it."""
        self.template_name = "person/seen.html"
        seen = look(self.principal, number)
        if form is None:
            email = getattr(self.request.user, "email", "")
            form = PackForm(None, client=self.client, initial={"number": number, "addresses": email})
        query = {"period": "all", "number": number}
        archives = seen.person.archives.order_by("-id").values_list("request", flat=True)[:ARCHIVES_SHOWN]
        context = {
            "section": "person",
            "number": number,
            "seen": seen,
            "form": form,
            "calls_url": f"{reverse('calls')}?{urlencode(query)}",
            "heard_url": f"{reverse('calls')}?{urlencode(query | {'recording': 'yes'})}",
            "messages_url": f"{reverse('voicemessages')}?{urlencode(query)}",
            "archives": requests(self.principal, dict.fromkeys(archives)),
            "kept": in_words(seen.kept),
        }
        return self.page(context, status=status)


class PersonPage(PersonPages):
    """GET: the form, and the erasures. POST: what there is of the number."""

    template_name = "person/person.html"
    fragment_name = "person/_erasures.html"
    fragment_target = "erasures-list"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self.start(NumberForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST)
        return self.seen(form.cleaned_data["number"]) if form.is_valid() else self.start(form, status=422)


class OfNumber(PersonPages):
    """A deed on a number that was looked at before; who comes by an address alone begins with the number."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return redirect("person")


class PersonPack(OfNumber):
    """Have it mailed."""

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PackForm(request.POST, client=self.client)
        if "number" not in (found := form_values(form)):
            return self.start(NumberForm(request.POST), status=422)
        if not form.is_valid() or (asked := self.ask(form)) is None:
            return self.seen(found["number"], form=form, status=422)
        messages.success(request, "It is being made. The link is mailed when it is ready.")
        return redirect("archive", asked)

    def ask(self, form: PackForm) -> UUID | None:
        """The request; None where it was refused, and the form says why."""
        try:
            return packs.ask(self.principal, form.cleaned_data["number"], form.cleaned_data["addresses"]).request
        except PackRefusal as refusal:
            form.refuse(refusal)
            return None


class PersonErase(OfNumber):
    """First what would go and what would stay is shown; then, by the button that says so, it goes."""

    template_name = "person/erase.html"

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NumberForm(request.POST)
        if not form.is_valid():
            return self.start(form, status=422)
        number = form.cleaned_data["number"]
        seen = look(self.principal, number)
        if "shown" not in request.POST:
            return self.asking(number, seen)
        if request.POST["shown"] != fingerprint(seen):
            return self.asking(number, seen, "It is not the same any more as what you were shown. Nothing was erased.")
        return self.erase(number, seen, partly="partly" in request.POST)

    def erase(self, number: str, seen: Seen, *, partly: bool) -> HttpResponse:
        try:
            erasure = ask(self.principal, number, Deletion.Via.PORTAL, partly=partly)
        except (Held, Own) as reason:
            return self.asking(number, seen, f"{reason}.")
        except UnderWay as reason:
            messages.error(self.request, f"{reason}.")
            return redirect("erasure", reason.erasure.uuid)
        messages.success(self.request, "Nothing of the number can be heard any more. A worker removes it now.")
        return redirect("erasure", erasure.uuid)

    def asking(self, number: str, seen: Seen, problem: str = "") -> HttpResponse:
        goes = in_words(seen.goes)
        context = {
            "section": "person",
            "number": number,
            "seen": seen,
            "goes": goes,
            "kept": in_words(seen.kept),
            "shown": fingerprint(seen),
            "submit": "Erase the number: nothing is known of it" if goes == "nothing" else f"Erase {goes}",
            "problem": problem,
        }
        return self.page(context, status=422 if problem else 200)


class ErasurePage(PersonPages):
    """How far one is, what stayed, and its certificate."""

    template_name = "person/erasure.html"
    fragment_name = "person/_erasure.html"
    fragment_target = "erasure"

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        erasure = self.erasures().filter(uuid=uuid).first()
        if erasure is None:
            raise Http404
        holds = Hold.objects.visible_to(self.principal).filter(pk__in=erasure.kept.get("holds", [])).order_by("pk")
        return self.page({"section": "person", "erasure": drawn(erasure), "holds": holds})


def form_values(form: forms.Form) -> Mapping[str, Any]:
    """What of a form is good, whatever else is not."""
    form.full_clean()
    return form.cleaned_data


def fingerprint(seen: Seen) -> str:
    """What one was shown, so that nothing else is erased: how much of each kind, and which holds."""
    return "-".join(map(str, [*seen.found.values(), *seen.kept.values(), *(hold.pk for hold in seen.holds)]))


def drawn(erasure: Erasure) -> Any:
    """With what the pages say of it."""
    told: Any = erasure
    told.percent = percent(erasure)
    told.found_words, told.kept_words = in_words(erasure.found), in_words(erasure.kept)
    counts = [(erasure.also.get(name, 0), words) for name, words in ALSO.items()]
    told.also_words = ", ".join(f"{count:,} {words[count != 1]}" for count, words in counts if count)
    return told
