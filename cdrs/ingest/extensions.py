"""Extensions by number; one that no list knows is made and marked discovered."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from cdrs.ingest.staging import cursor


class Place(NamedTuple):
    """Where a number belongs just now: stamped on legs and messages as they come in. `former`: extensions that had the
    number before.
    """

    extension_id: int | None
    group_id: int | None
    former: frozenset[int] = frozenset()

    def keeping(self, extension_id: int | None, group_id: int | None) -> Place:
        """The place of what was stamped before: it stays with its extension, wherever that has moved since, and
        whoever has its number now.
        """
        same = extension_id == self.extension_id or extension_id in self.former
        return Place(extension_id, group_id) if same else self


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
            " on conflict (client_id, number) where status <> 'retired' do nothing",
            [client_id, missing],
        )
        found |= _known(client_id, missing)
    return found


def _known(client_id: int, numbers: Collection[str]) -> dict[str, Place]:
    """Of a number that was given to another extension the one in use, else the one that was retired last."""
    if not numbers:
        return {}
    rows = cursor().execute(
        "select distinct on (number) number, id, group_id, array_agg(id) over (partition by number)"
        " from clients_extension where client_id = %s and number = any(%s::text[])"
        " order by number, status = 'retired', id desc",
        [client_id, list(numbers)],
    )
    return {number: Place(mine, group_id, frozenset(all_)) for number, mine, group_id, all_ in rows}
