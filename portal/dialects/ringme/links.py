"""Storage links as ringme writes them into its rows and answers."""

from __future__ import annotations

import uuid
from typing import Any

import orjson
from django.conf import settings
from django.urls import reverse

from portal.dialects.streaming import Block
from records.links import token_for

NO_LINK = b'"storage_url":null}'


def link(kind: str, client_id: int, client_generation: int, heard_uuid: uuid.UUID, generation: int) -> str:
    """The absolute address of the storage link of a recording or a voice message (`kind`, see records.links)."""
    token = token_for(kind, client_id, client_generation, heard_uuid, generation)
    return settings.PUBLIC_URL + reverse("storage-link", args=[token])


def completed(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its link in the place of what the link is made from, where there is that (ringme.fields)."""
    if made_from := row["storage_url"]:
        kind, heard_uuid, generation, client_id, client_generation = made_from.split(":")
        row["storage_url"] = link(kind, int(client_id), int(client_generation), uuid.UUID(heard_uuid), int(generation))
    return row


def completed_json(row: Block) -> bytes:
    """The same for a row that is JSON already."""
    text = bytes(row)
    return text if text.rstrip().endswith(NO_LINK) else orjson.dumps(completed(orjson.loads(text)))
