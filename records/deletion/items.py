"""Items of the trash by what they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from records.ingest.kinds import KIND_OF, Kind
from records.models import Trashed


def by_kind(items: Iterable[Trashed]) -> Iterator[tuple[Kind, dict[int, int]]]:
    """Each kind that is among the items, with the ids of its items and the rows they stand for."""
    items = list(items)
    for kind in KIND_OF.values():
        mine = {item.pk: getattr(item, kind.owner) for item in items if getattr(item, kind.owner) is not None}
        if mine:
            yield kind, mine
