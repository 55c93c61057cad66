"""What the frame around every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from portal.access.principal import Principal
from portal.clients.models import Client
from portal.mail import files


def frame(request: HttpRequest) -> dict[str, Any]:
    """`principal`, `client_name`, and whether `mails_lie_here`, in a folder.

    Error pages come without a session, or after their transaction: without a name.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"principal": None, "client_name": ""}
    principal: Principal = request.principal  # type: ignore[attr-defined]
    known: Client | None = getattr(request, "client", None)
    client = known or Client.objects.visible_to(principal).only("name").first()
    lie_here = settings.EMAIL_BACKEND == files.BACKEND
    return {"principal": principal, "client_name": client.name if client else "", "mails_lie_here": lie_here}
