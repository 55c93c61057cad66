"""Every page of the portal: sign-in, binding to the tenant, and the whole page or its htmx fragment at one URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views import View
from django_htmx.http import HttpResponseClientRedirect

from portal.access.isolation import bind_principal
from portal.access.principal import Principal, Reach
from portal.web.numbered import WrongParameter

WHO_MAY_CHANGE = {Reach.CLIENT}


class PageView(View):
    """A page of one client. `deeds` names what each method needs; `reaches` who finds the page at all (else 404).

    `template_name` is the whole page; where `fragment_name` is set, an htmx request for the element with the id
    `fragment_target` gets that part alone.
    """

    template_name = ""
    fragment_name = ""
    fragment_target = ""
    deeds: dict[str, str] = {}
    reaches: frozenset[Reach] = frozenset({Reach.CLIENT, Reach.GROUP, Reach.EXTENSION})
    public = False
    without_client = False
    principal: Principal

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.public:
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]
        if not request.user.is_authenticated:
            return self.to(request, f"{reverse('sign-in')}?{urlencode({'next': request.get_full_path()})}")
        self.principal = request.principal  # type: ignore[attr-defined]
        if self.principal.reach is Reach.NOTHING and not self.without_client:
            return self.to(request, f"{reverse('choose-client')}?{urlencode({'next': request.get_full_path()})}")
        bind_principal(self.principal)
        self.check(request)
        try:
            return self.enter(request, *args, **kwargs)
        except WrongParameter as wrong:
            return render(request, "400.html", {"reason": f"{wrong.name}: {wrong.needed}."}, status=400)

    def enter(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The door is open: what a kind of page prepares for its methods goes in here."""
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]

    def check(self, request: HttpRequest) -> None:
        """Not one's page: 404. A deed that one may not do here: 403."""
        if not self.without_client and self.principal.reach not in self.reaches:
            raise Http404
        deed = self.deeds.get("GET" if request.method == "HEAD" else str(request.method))
        if deed is not None and not self.principal.may(deed):
            raise PermissionDenied

    def to(self, request: HttpRequest, url: str) -> HttpResponse:
        if getattr(request, "htmx", False) and not request.htmx.boosted:  # type: ignore[attr-defined]
            return HttpResponseClientRedirect(url)
        return redirect(url)

    def page(self, context: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
        htmx = getattr(self.request, "htmx", None)
        fragment = (
            htmx and self.fragment_name and htmx.target == self.fragment_target and not htmx.history_restore_request
        )
        response = TemplateResponse(
            self.request, self.fragment_name if fragment else self.template_name, context or {}, status=status
        )
        if self.fragment_name:
            response["Vary"] = "HX-Request, HX-Target"
        # Rendered here: Django would do it after the transaction, and with it the binding, has ended.
        return response.render()
