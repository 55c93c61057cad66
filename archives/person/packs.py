"""The access pack: an archive of everything of a number, for the person whose it is.

Its recordings and voice messages are the archive's members as any other's; what is known of its calls, also of those
without a recording, is a document of its own, `calls.json`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from django.db import connection
from django.db.models import Count, Sum

from archives.asking import NothingFound, TooLarge, refuse_strangers
from archives.facts import told_of
from archives.models import Archive, Kind
from archives.person.finding import Person
from archives.waking import wake_after_commit
from portal.access.isolation import scope
from portal.access.principal import Principal
from portal.audit.actions import Action
from portal.audit.ledger import note
from portal.clients import settings as client_settings
from portal.clients.models import Client
from records.totals import Totals

AT_ONCE = 500


def ask(who: Principal, number: str, addresses: Sequence[str]) -> Archive:
    """Have it made, and mailed. In `scope(client_id)`. Raises NoNumber, and archives.asking.Refusal."""
    assert who.client_id is not None
    person = Person.of(who.client_id, number)
    client = Client.objects.visible_to(who).get()
    refuse_strangers(client, addresses)
    found = sized(person)
    if not found.files and not person.calls.exists():
        raise NothingFound
    if found.bytes > (limit := int(client_settings.value(client, "archive_max_bytes"))):
        raise TooLarge(found, limit)
    archive = Archive.objects.create(
        client_id=client.pk,
        kind=Kind.PERSON,
        number=person.plain,
        user_id=who.user_id,
        application_id=who.application_id,
        asked_by=who.name,
        addresses=list(addresses),
        files=found.files,
        bytes=found.bytes,
    )
    told = {"files": found.files, "bytes": found.bytes, "addresses": len(addresses)}
    note(Action.ARCHIVE, who, ("archive", archive.uuid), of="person", **told)
    wake_after_commit(archive)
    return archive


def sized(person: Person) -> Totals:
    """How much there is to hear."""
    files, size = 0, 0
    for rows in (person.records.available(), person.messages.available()):
        told = rows.aggregate(files=Count("id"), bytes=Sum("size"))
        files, size = files + told["files"], size + (told["bytes"] or 0)
    return Totals(files, size)


def calls(archive: Archive) -> Iterator[bytes]:
    """calls.json: each call as the native API tells it, with its CDRs, oldest first."""
    assert archive.number is not None
    yield orjson.dumps({"number": archive.number[::-1]})[:-1] + b',"calls":['
    comma, last = b"\n", 0
    while True:
        with scope(archive.client_id):
            found = Person(archive.client_id, archive.number).calls.filter(id__gt=last).order_by("id")
            ids = list(found.values_list("id", flat=True)[:AT_ONCE])
            rows = told(archive.client_id, ids)
        for row in rows:
            yield comma + orjson.dumps(row)
            comma = b",\n"
        if len(ids) < AT_ONCE:
            yield b"\n]}\n"
            return
        last = ids[-1]


def told(client_id: int, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These calls, each with its CDRs in order of time."""
    cdrs: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for call_id, row in rows_of("leg", "cdrs_leg", "call_id", client_id, ids):
        cdrs[call_id].append(row)
    return [row | {"cdr": cdrs[call_id]} for call_id, row in rows_of("call", "cdrs_call", "id", client_id, ids)]


def rows_of(kind: str, table: str, column: str, client_id: int, ids: Sequence[int]) -> list[tuple[int, dict[str, Any]]]:
    """(call id, fields) of rows whose `column` names a call, in order of time."""
    fields = told_of(kind)
    names = ", ".join(f'"{name}"' for name in fields.names)
    named = {"client_id": int(client_id), "ids": [*map(int, ids)], "table": table, "column": column}
    mine = ", ".join(f'told."{name}"' for name in fields.names)
    sql = _ROWS.format(told=fields.gathered(_WANTED.format(**named)), names=names, mine=mine, **named)
    with connection.cursor() as db:
        db.execute(sql)
        return [(call_id, orjson.loads(row)) for call_id, row in db.fetchall()]


_WANTED = "select * from {table} where client_id = {client_id} and {column} = any(array{ids}::bigint[])"
_ROWS = """
with told ({names}, told_at, told_id) as ({told})
select t.{column}, (select row_to_json(one)::text from (select {mine}) as one)
  from told join {table} t on t.client_id = {client_id} and t.id = told_id order by told_at, told_id
"""
