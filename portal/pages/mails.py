"""What was mailed where there is no mail server: for operators, while they develop or try things out."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse

from portal.mail.files import BACKEND, newest
from portal.web.pages import PageView

SHOWN = 50


class MailsPage(PageView):
    """The mails that lie in the folder, whoever's they are. With a mail server there is no such page."""

    template_name = "mail/mails.html"
    without_client = True

    def get(self, request: HttpRequest) -> HttpResponse:
        if not self.principal.operator or settings.EMAIL_BACKEND != BACKEND:
            raise Http404
        return self.page(
            {"section": "mails", "mails": newest(SHOWN), "folder": settings.EMAIL_FILE_PATH, "most": SHOWN}
        )
