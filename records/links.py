"""Storage links of recordings and voice messages: they carry their own proof, so that making one writes nothing."""

from __future__ import annotations

import uuid
from typing import Any, NamedTuple

from django.db import connection

from portal.clients.settings import SETTINGS
from portal.media.signing import BadToken, LinkToken, make_link_token, read_link_token, verify
from records.models import Heard, Record, VoiceMessage

OFF, IN_LISTS = "off", "in_lists"
# What the proof is about: a link to the one never opens the other, whatever their ids and generations are.
KINDS: dict[str, type[Heard]] = {"record": Record, "voicemessage": VoiceMessage}


def token_for(kind: str, client_id: int, client_generation: int, heard_uuid: uuid.UUID, generation: int) -> str:
    """The token of a recording or a voice message for its present generation and its client's."""
    return make_link_token(
        client_id=client_id,
        record_uuid=heard_uuid,
        generation=generation,
        client_generation=client_generation,
        kind=kind,
    )


class Opened(NamedTuple):
    """What a token opens: the one of this kind and id that still has this generation."""

    kind: str
    client_id: int
    uuid: uuid.UUID
    generation: int


def opened(text: str) -> Opened | None:
    """What a token opens now. None: no token, revoked, what it opened is gone, or its client has links switched off.

    Asked before any tenant is bound: the look-up behind it tells the generations of one id and no more.
    """
    try:
        token = read_link_token(text)
    except BadToken:
        return None
    for generation, client_generation, policy in generations(token):
        if (policy or SETTINGS["storage_links"].default) == OFF:
            return None
        for kind in KINDS:
            if verify(token, generation=generation, client_generation=client_generation, kind=kind):
                return Opened(kind, token.client_id, token.uuid, generation)
    return None


def generations(token: LinkToken) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("select * from link_generations(%s, %s)", [token.client_id, token.uuid])
        return cursor.fetchall()
