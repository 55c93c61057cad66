"""The link to an archive: it carries its own proof, so that nobody who reads the database learns it."""

from __future__ import annotations

from typing import NamedTuple

from django.conf import settings
from django.db import connection

from archives.models import Archive
from portal.clients.models import Client
from portal.media.signing import BadToken, LinkToken, make_link_token, read_link_token, verify

KIND = "archive"


class Opened(NamedTuple):
    """What a token opens: this archive, as long as it has this generation."""

    client_id: int
    archive_id: int
    generation: int


def address_of(archive: Archive, client: Client) -> str:
    """The link as it is mailed and shown, whatever has become of the archive."""
    return f"{settings.PUBLIC_URL}/archive/{token_of(archive, client)}"


def token_of(archive: Archive, client: Client) -> str:
    return make_link_token(
        client_id=client.pk,
        record_uuid=archive.uuid,
        generation=archive.generation,
        client_generation=client.link_generation,
        kind=KIND,
    )


def opened(text: str) -> Opened | None:
    """What a token opens; None: no token, never made, or revoked. Asked before any tenant is bound."""
    try:
        token = read_link_token(text)
    except BadToken:
        return None
    found = row_of(token)
    if found is None:
        return None
    archive_id, generation, client_generation = found
    if not verify(token, generation=generation, client_generation=client_generation, kind=KIND):
        return None
    return Opened(token.client_id, archive_id, generation)


def row_of(token: LinkToken) -> tuple[int, int, int] | None:
    with connection.cursor() as cursor:
        cursor.execute("select * from archive_link(%s, %s)", [token.client_id, token.uuid])
        return cursor.fetchone()
