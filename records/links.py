"""Storage links of recordings: addresses that carry their own proof, so that making one writes nothing."""

from __future__ import annotations

import uuid

from django.db import connection

from portal.clients.settings import SETTINGS
from portal.media.signing import BadToken, LinkToken, make_link_token, read_link_token, verify

OFF, IN_LISTS = "off", "in_lists"


def token_for(client_id: int, client_generation: int, record_uuid: uuid.UUID, generation: int) -> str:
    """The token of a recording for its present generation and its client's."""
    return make_link_token(
        client_id=client_id, record_uuid=record_uuid, generation=generation, client_generation=client_generation
    )


def opened(text: str) -> LinkToken | None:
    """What a token opens now. None: no token, revoked, the recording is gone, or its client has links switched off.

    Asked before any tenant is bound: the look-up behind it tells the generations of one recording and no more.
    """
    try:
        token = read_link_token(text)
    except BadToken:
        return None
    with connection.cursor() as cursor:
        cursor.execute("select * from link_generations(%s, %s)", [token.client_id, token.uuid])
        found = cursor.fetchone()
    if found is None:
        return None
    generation, client_generation, policy = found
    if (policy or SETTINGS["storage_links"].default) == OFF:
        return None
    return token if verify(token, generation=generation, client_generation=client_generation) else None
