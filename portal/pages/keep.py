"""Keep: for how long things are kept, what will go on the coming nights, and what went."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from archives.retention import certificates, runs, terms
from archives.retention.changing import change
from archives.retention.models import Certificate, Run
from archives.retention.preview import NIGHTS, Preview, Some, preview
from archives.retention.remaining import refused
from archives.retention.terms import CDRS, KINDS, OF_GROUPS, RECORDS, VOICEMESSAGES, Terms
from portal.audit import signing
from portal.clients.models import ExtensionGroup
from portal.clients.pages import AdministrationPage
from portal.pages.keep_chart import charts
from portal.pages.keep_forms import LABELS, ClientTermsForm, GroupTermsForm
from portal.web.numbered import numbered_page
from portal.web.templatetags.portal_format import size

NAMES = {
    RECORDS: ("recording", "recordings"),
    VOICEMESSAGES: ("voice message", "voice messages"),
    CDRS: ("CDR", "CDRs"),
    certificates.CALLS: ("call", "calls"),
    certificates.ARCHIVES: ("archive", "archives"),
}
REASONS = {
    "held": "under legal hold",
    "refused": "storage does not let go",
    "pinned": "in an archive whose link still works",
    "under_way": "on its way",
}
SHOWN = 5


class KeepPages(AdministrationPage):
    """What administrators see, and change unless they may only read."""

    def terms(self) -> Terms:
        return terms.of_client(self.client)

    def groups(self) -> Any:
        return ExtensionGroup.objects.visible_to(self.principal).order_by("name", "id")


class KeepPage(KeepPages):
    """The days of the client and its groups, the run that is open, and the certificates of what went."""

    template_name = "retention/keep.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        kept = self.terms()
        page = numbered_page(Certificate.objects.visible_to(self.principal).order_by("-id"), request.GET)
        context = {
            "section": "keep",
            "may_change": self.may_change,
            "labels": [LABELS[kind] for kind in KINDS],
            "client_days": [kept.client[kind] for kind in KINDS],
            "groups": [(group, in_columns(kept, group)) for group in self.groups()],
            "certificates": [told(one) for one in page.rows],
            **page.links(request.GET),
        }
        return self.page(context | self.open_run())

    def open_run(self) -> dict[str, Any]:
        run = Run.objects.visible_to(self.principal).filter(finished_at=None).first()
        if run is None:
            return {}
        items = refused(self.client.pk)
        return {"run": run, "left": in_words(run.left), "refused": items[:SHOWN]}


class KeepChange(KeepPages):
    """New days, of the client or of a group: what would go on them is shown, and then they are saved."""

    template_name = "retention/change.html"
    deeds = {"GET": "config:write", "POST": "config:write"}

    def form(self, data: Any) -> ClientTermsForm:
        group = self.group()
        return ClientTermsForm(data, self.terms()) if group is None else GroupTermsForm(data, self.terms(), group)

    def group(self) -> ExtensionGroup | None:
        if "group" not in self.kwargs:
            return None
        found = self.groups().filter(pk=self.kwargs["group"]).first()
        if found is None:
            raise Http404
        return found

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        asked = any(kind in request.GET for kind in KINDS)
        return self.shown(self.form(request.GET if asked else None), bound=asked)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        form = self.form(request.POST)
        if not form.is_valid():
            return self.shown(form, status=422)
        wanted = form.wanted()
        found = preview(self.client, wanted, timezone.now())
        change(self.principal, wanted)
        messages.success(request, f"Saved. {what_goes(found)}")
        return redirect("keep")

    def shown(self, form: ClientTermsForm, *, bound: bool = True, status: int = 200) -> HttpResponse:
        context: dict[str, Any] = {"section": "keep", "form": form, "group": self.group(), "nights": NIGHTS}
        if bound and not form.is_valid():
            return self.page(context, status=status if status != 200 else 422)
        wanted = form.wanted() if bound else self.terms()
        found = preview(self.client, wanted, timezone.now())
        context |= {"preview": found, "charts": charts(found), "rows": rows(found), "words": what_goes(found)}
        if bound:
            context |= {"asked": form.as_asked(), "submit": submit(found)}
        return self.page(context, status=status)


class KeepCertificate(KeepPages):
    template_name = "retention/certificate.html"

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        one = self.certificate(uuid)
        said = certificates.told(one)
        run = Run.objects.visible_to(self.principal).filter(certificate=uuid).first()
        gone = [(NAMES[kind], said["gone"][kind]) for kind in certificates.KINDS if kind in said["gone"]]
        context = {"section": "keep", "certificate": one, "said": said, "run": run, "gone": gone}
        return self.page(
            context | {"kept": in_words(said["kept"]), "fingerprint": signing.fingerprint(bytes(one.public_key))}
        )

    def certificate(self, uuid: UUID) -> Certificate:
        found = Certificate.objects.visible_to(self.principal).filter(uuid=uuid).first()
        if found is None:
            raise Http404
        return found


class KeepDocument(KeepCertificate):
    """The certificate as a file."""

    def get(self, request: HttpRequest, uuid: UUID) -> HttpResponse:
        body = orjson.dumps(certificates.document(self.certificate(uuid)), option=orjson.OPT_INDENT_2)
        response = HttpResponse(body, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="certificate-{uuid}.json"'
        response["Cache-Control"] = "no-store"
        return response


class KeepAgain(KeepPages):
    """What storage did not let go is asked for again now."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if runs.again(self.client.pk):
            messages.success(request, "It is tried again now.")
        else:
            messages.error(request, "There is nothing to try again.")
        return redirect("keep")


# ---------------------------------------------------------------- in words


def in_columns(kept: Terms, group: ExtensionGroup) -> list[tuple[bool, int | None]]:
    """Of each kind whether the group differs, and for how many days it is kept."""
    own = kept.groups.get(group.pk, {})
    return [(kind in own, kept.days(kind, group.pk)) for kind in OF_GROUPS]


def counted(kind: str, count: int) -> str:
    one, many = NAMES[kind]
    return f"{count:,} {one if count == 1 else many}"


def some(found: dict[str, Some]) -> str:
    """`3 recordings (24.3 KB) and 4 CDRs`."""
    told = [
        counted(kind, one.things) + (f" ({size(one.bytes)})" if one.bytes else "")
        for kind, one in found.items()
        if one.things
    ]
    return together(told)


def together(told: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(told[:-1]), *told[-1:])))


def what_goes(found: Preview) -> str:
    """A sentence or two: what goes from when on, and what is held of it."""
    goes, held = some(found.all("goes")), some(found.all("held"))
    said = f"Of what is here now nothing goes within {NIGHTS} nights."
    if goes and found.first is not None:
        first = found.first
        day = f"{first.day.day} {first.day:%b %Y}"
        said = (
            f"Within {NIGHTS} nights {goes} go for good, from the night of {day} on: {some(first.goes)} in that night."
        )
    return f"{said} Legal holds keep {held}." if held else said


def submit(found: Preview) -> str:
    """What the button says."""
    first = found.first
    if first is None:
        return "Save: nothing goes for now"
    total = [counted(kind, one.things) for kind, one in found.all("goes").items() if one.things]
    return f"Save: {together(total)} go from {first.day.day} {first.day:%b} on"


def rows(found: Preview) -> list[dict[str, Any]]:
    """The nights on which something goes, or would."""
    return [
        {"night": night, "bytes": sum(one.bytes for one in night.goes.values()), "held": some(night.held)}
        for night in found.nights
        if any(one.things for one in (*night.goes.values(), *night.held.values()))
    ]


def in_words(left: dict[str, Any]) -> list[tuple[str, str]]:
    """Why, and what: of `left` of a run and `kept` of a certificate. Erasures keep what holds keep."""
    if held := {kind: n for kind, n in left.items() if kind in NAMES and isinstance(n, int)}:
        return [(REASONS["held"], ", ".join(counted(kind, n) for kind, n in held.items()))]
    return [
        (REASONS.get(reason, reason.replace("_", " ")), ", ".join(counted(kind, n) for kind, n in by_kind.items()))
        for reason, by_kind in left.items()
        if isinstance(by_kind, dict) and all(kind in NAMES for kind in by_kind)
    ]


def told(one: Certificate) -> dict[str, Any]:
    said = certificates.told(one)
    gone = ", ".join(counted(kind, said["gone"][kind]["count"]) for kind in certificates.KINDS if kind in said["gone"])
    return {"row": one, "gone": gone, "kept": in_words(said["kept"])}
