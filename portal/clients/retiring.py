"""Retiring an extension: it is not used any more, and all that was said at it stays."""

from __future__ import annotations

from collections.abc import Callable

from portal.clients.models import Did, Extension, ExtensionStatus

# Who may have something against it: rooms above, which say what keeps the extension, each in a few words.
OBJECTIONS: list[Callable[[Extension], list[str]]] = []


def kept_in_use(extension: Extension) -> list[str]:
    """What keeps an extension from being retired now. Empty: it may be."""
    return [why for object_to in OBJECTIONS for why in object_to(extension)]


def retire(extension: Extension) -> list[str]:
    """Retire it, or say what keeps it (`hold 7 by nora: …`). Empty: it is retired.

    Its number may be given to a new extension from now on, and its outside numbers to others.
    """
    if kept := kept_in_use(extension):
        return kept
    extension.status = ExtensionStatus.RETIRED
    extension.save(update_fields=["status"])
    Did.objects.filter(client_id=extension.client_id, extension=extension).update(extension=None)
    return []
