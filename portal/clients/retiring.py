"""Retiring an extension: it is not used any more, and all that was said at it stays."""

from __future__ import annotations

from portal.clients.models import Did, Extension, ExtensionStatus


def retire(extension: Extension) -> None:
    """Its number may be given to a new extension from now on, and its outside numbers to others."""
    extension.status = ExtensionStatus.RETIRED
    extension.save(update_fields=["status"])
    Did.objects.filter(client_id=extension.client_id, extension=extension).update(extension=None)
