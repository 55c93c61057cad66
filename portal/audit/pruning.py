"""Pruning: what lies before a checkpoint is forgotten; the checkpoint is a signed head, and the chain begins behind it.

The serving role cannot delete entries. One function of the database can (`audit_prune`): of the bound client, up to a
checkpoint that fits the chain, and nothing younger than YOUNGEST, which a policy of the table refuses to everybody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from portal.access.principal import Principal
from portal.access.statements import fetch
from portal.audit import chain, heads
from portal.audit.actions import Action
from portal.audit.ledger import Actor, note
from portal.audit.models import Head, Link
from portal.audit.verifying import verify

YOUNGEST = timedelta(days=30)  # the migrations say it to the database
BATCH = 5000


class TooYoung(ValueError):
    """Entries that are not YOUNGEST old stay; the message says so."""


class Altered(ValueError):
    """What is to be pruned is not as it was written: it stays, for somebody to look at. The message names the entry."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """`entries` that went, up to and with that of the checkpoint. Without one there was nothing to prune, ever."""

    entries: int
    checkpoint: Head | None


def prune(who: Principal | Actor, before: datetime) -> Pruned:
    """Forget the entries of who's client that were all noted before a time. It takes transactions of its own.

    What goes is verified first. It may be killed anywhere: the chain is verified from the checkpoint on, and the next
    run takes away the rest. Raises TooYoung, and Altered where there is something that somebody should look at first.
    """
    if before > timezone.now() - YOUNGEST:
        raise TooYoung(f"entries stay for {YOUNGEST.days} days at least")
    upto = last_before(who.client_id, before)
    if upto:
        verdict = verify(who.client_id, upto=upto)
        if not verdict.ok:
            raise Altered(f"entry {verdict.first_bad}: {verdict.why}")
    with chain.within(who.client_id):
        checkpoint = checkpoint_at(who, upto) if upto else last_checkpoint(who.client_id)
    return Pruned(cleared(who.client_id, checkpoint) if checkpoint else 0, checkpoint)


def last_before(client_id: int | None, before: datetime) -> int:
    """The last place of the chain up to which nothing is younger; 0 where all of that was pruned before."""
    chain.link_all(client_id)
    with chain.within(client_id):
        begin = begin_of(client_id)
        found = fetch(_LAST.format(mine=chain.of(client_id, "l.client_id")), [chain.mine(client_id), begin, before])
    position = found[0][0] or 0
    return position if position > begin else 0


def checkpoint_at(who: Principal | Actor, position: int) -> Head | None:
    """Sign this place of the chain as its beginning, and note it. Where somebody else was quicker, it is theirs."""
    chain.alone(who.client_id)
    begin = begin_of(who.client_id)
    if begin >= position:
        return last_checkpoint(who.client_id)
    note(Action.AUDIT_PRUNED, who, entries=position - begin, position=position)
    end = Link.objects.get(client_id=who.client_id, position=position)  # type: ignore[misc]
    return heads.made(end, checkpoint=True)


def last_checkpoint(client_id: int | None) -> Head | None:
    return Head.objects.filter(client_id=client_id, checkpoint=True).first()  # type: ignore[misc]


def begin_of(client_id: int | None) -> int:
    """Behind which position the chain begins."""
    last = last_checkpoint(client_id)
    return last.position if last is not None else 0


def cleared(client_id: int | None, checkpoint: Head) -> int:
    """Take away what lies before a checkpoint, a batch a transaction; how many entries."""
    total = 0
    while True:
        with chain.within(client_id):
            ((count,),) = fetch("select audit_prune(%s, %s)", [checkpoint.pk, BATCH])
        total += count
        if count < BATCH:
            return total


# The place before the first entry that is too young; the end of the chain where all are old.
_LAST = """
with mine as (
    select l.position, e.at from audit_link l join audit_entry e on e.id = l.entry_id
     where {mine} and l.position > %s order by l.position)
select coalesce((select position - 1 from mine where at >= %s limit 1), (select max(position) from mine))
"""
