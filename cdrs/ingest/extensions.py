"""Extensions by number; one that no list knows is made and marked discovered."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from cdrs.ingest.staging import cursor


class Place(NamedTuple):
    """Where a number belongs just now: stamped on legs and messages as they come in."""

    extension_id: int | None
    group_id: int | None


NOWHERE = Place(None, None)


def places(client_id: int, numbers: Collection[str]) -> dict[str, Place]:
    """The place of each number. Unknown ones are created; of two writers that discover one at once, both get it."""
    found = _known(client_id, numbers)
    missing = sorted(set(numbers) - found.keys())
    if missing:
        cursor().execute(
            "insert into clients_extension (client_id, number, name, label, type, status, discovered, extra_params,"
            " created_at) select %s, number, '', '', 'phone', 'active', true, '', now()"
            " from unnest(%s::text[]) with ordinality as n(number, place) order by place"
            " on conflict (client_id, number) do nothing",
            [client_id, missing],
        )
        found |= _known(client_id, missing)
    return found


def _known(client_id: int, numbers: Collection[str]) -> dict[str, Place]:
    if not numbers:
        return {}
    rows = cursor().execute(
        "select number, id, group_id from clients_extension where client_id = %s and number = any(%s::text[])",
        [client_id, list(numbers)],
    )
    return {number: Place(extension_id, group_id) for number, extension_id, group_id in rows}
