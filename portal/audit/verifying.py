"""Is the ledger as it was written? Every entry hashed again, every link compared, every signed head held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from portal.access.statements import fetch
from portal.audit import chain, heads
from portal.audit.models import Head

BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entries` that are good, from the beginning; `first_bad`: the id of the first that is not (None: all are)."""

    entries: int
    first_bad: int | None = None
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.first_bad is None


class BeforeCheckpoint(ValueError):
    """A head from elsewhere is of a part of the chain that was pruned: nothing here can be held against it."""


def verify(client_id: int | None, known: Sequence[Head] = (), *, upto: int | None = None) -> Verdict:
    """One client's chain (None: the installation's), from its beginning or its last checkpoint to its end.

    `known`: heads from elsewhere; BeforeCheckpoint where one is too old. `upto`: a position that is enough. Links what
    waits first. Constant memory; it reads in short transactions, which is no less exact: what is in the chain does not
    change while it is read, unless somebody changes it, or it is pruned meanwhile: then it is read again.
    """
    chain.link_all(client_id)
    mine, begin = heads_of(client_id)
    verdict = verified(client_id, begin, mine, known, upto)
    if verdict.ok or heads_of(client_id)[1] == begin:
        return verdict
    return verify(client_id, known, upto=upto)


def heads_of(client_id: int | None) -> tuple[list[Head], Head | None]:
    """The signed heads in the database, and the last checkpoint among them: what lies before it was pruned."""
    with chain.within(client_id):
        mine = list(Head.objects.filter(client_id=client_id).order_by("position", "id"))  # type: ignore[misc]
    return mine, next((head for head in reversed(mine) if head.checkpoint), None)


def verified(
    client_id: int | None, begin: Head | None, mine: Sequence[Head], known: Sequence[Head], upto: int | None
) -> Verdict:
    forged = next((head for head in mine if not heads.holds(head)), None)
    if forged is not None:
        return Verdict(
            0, forged.entry_id, f"the head of position {forged.position} was not signed by this installation"
        )
    if begin is not None:
        refuse_too_old(known, begin)
    held = [head for head in (*mine, *known) if begin is None or head.position >= begin.position]
    if upto is not None:
        return walked(client_id, begin, [head for head in held if head.position <= upto], upto)
    verdict = walked(client_id, begin, held)
    return lost(client_id, verdict) if verdict.ok else verdict


def refuse_too_old(known: Iterable[Head], begin: Head) -> None:
    for head in known:
        if head.position < begin.position:
            raise BeforeCheckpoint(
                f"the head of position {head.position} cannot be held against this ledger any more: it was pruned on"
                f" {begin.at:%Y-%m-%d} and begins behind position {begin.position}, a checkpoint that this installation"
                " signed"
            )


def walked(client_id: int | None, begin: Head | None, held: Iterable[Head], upto: int | None = None) -> Verdict:
    """Along the links, one by one."""
    position, before = (begin.position, bytes(begin.hash)) if begin else (0, chain.genesis(client_id))
    expected: dict[int, list[Head]] = {}
    for head in held:
        expected.setdefault(head.position, []).append(head)
    if wrong := differs(expected.pop(position, []), before):
        return Verdict(0, wrong.entry_id, f"the chain is not the one whose head of position {position} was signed")
    entries = 0
    for place, link_hash, entry_id, *row in links(client_id, position, upto):
        position += 1
        if place != position:
            return Verdict(entries, entry_id, f"position {position} of the chain is missing")
        if row[0] is None:
            return Verdict(entries, entry_id, "the entry is missing")
        before = chain.linked(before, row)
        if before != link_hash:
            return Verdict(entries, entry_id, "the entry, or its link, is not as it was written")
        if expected and (wrong := differs(expected.pop(position, []), before)):
            return Verdict(entries, entry_id, f"the chain is not the one whose head of position {position} was signed")
        entries += 1
    beyond = min(expected, default=None)
    if beyond is not None:
        return Verdict(
            entries, expected[beyond][0].entry_id, f"the chain ends before position {beyond}, which was signed"
        )
    return Verdict(entries)


def differs(found: list[Head], link_hash: bytes) -> Head | None:
    return next((head for head in found if bytes(head.hash) != link_hash), None)


def links(client_id: int | None, position: int, upto: int | None = None) -> Iterator[tuple[Any, ...]]:
    """(position, hash, entry id, the entry's columns, all None where there is none) behind a position up to `upto`."""
    sql = _LINKS.format(columns=_COLUMNS, mine=chain.of(client_id, "l.client_id"))
    with chain.within(client_id):
        end, _ = chain.end_of(client_id)
    end = end if upto is None else min(end, upto)
    while position < end:
        with chain.within(client_id):
            yield from fetch(sql, [chain.mine(client_id), position, min(position + BATCH, end)])
        position += BATCH


def lost(client_id: int | None, verdict: Verdict) -> Verdict:
    """An entry that is in no chain and does not wait for it was put there, or taken out of it, by hand."""
    with chain.within(client_id):
        (first,) = fetch(_LOST.format(mine=chain.of(client_id, "e.client_id")), [chain.mine(client_id)])[0]
    return verdict if first is None else Verdict(verdict.entries, first, "the entry is in no chain")


_COLUMNS = ", ".join(f"e.{name.strip()}" for name in chain.COLUMNS.split(","))
_LINKS = """
select l.position, l.hash, l.entry_id, {columns} from audit_link l
  left join audit_entry e on e.id = l.entry_id
 where {mine} and l.position > %s and l.position <= %s order by l.position
"""
_LOST = """
select min(e.id) from audit_entry e where {mine}
   and not exists (select from audit_link l where l.entry_id = e.id)
   and not exists (select from audit_waiting w where w.entry_id = e.id)
"""
