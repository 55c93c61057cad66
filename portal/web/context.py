"""What the frame around every page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    principal = getattr(request, "principal", None)
    if principal is None or not request.user.is_authenticated:
        return {"principal": None}
    return {"principal": principal, "live_url": settings.LIVE_URL}
