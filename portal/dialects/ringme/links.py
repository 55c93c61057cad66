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


def link(client_id: int, client_generation: int, record_uuid: uuid.UUID, generation: int) -> str:
    """The absolute address of a recording's storage link."""
    token = token_for(client_id, client_generation, record_uuid, generation)
    return settings.PUBLIC_URL + reverse("storage-link", args=[token])


def completed(row: dict[str, Any]) -> dict[str, Any]:
    """A row with its link in the place of what the link is made from, where there is that (ringme.fields)."""
    if made_from := row["storage_url"]:
        record_uuid, generation, client_id, client_generation = made_from.split(":")
        row["storage_url"] = link(int(client_id), int(client_generation), uuid.UUID(record_uuid), int(generation))
    return row


def completed_json(row: Block) -> bytes:
    """The same for a row that is JSON already."""
    text = bytes(row)
    return text if text.rstrip().endswith(NO_LINK) else orjson.dumps(completed(orjson.loads(text)))
