"""Jobs of the ledger: link what waits, sign heads, note what was gathered."""

from __future__ import annotations

from celery import shared_task

from portal.audit import chain, heads, hearing, refusals


@shared_task(name="portal.audit.tasks.link")
def link() -> int:
    """Every few seconds, over all clients: entries into their chains. It may run twice, at once."""
    return sum(chain.link_all(client_id) for client_id in chain.waiting())


@shared_task(name="portal.audit.tasks.seal")
def seal() -> int:
    """Every minute, over all clients: what nobody hears any more becomes an entry, and guesses that have ended do."""
    heard = sum(hearing.seal(client_id) for client_id in chain.hearing())
    return heard + sum(refusals.seal(client_id) for client_id in chain.refusing())


@shared_task(name="portal.audit.tasks.sign_heads")
def sign_heads() -> int:
    """Once a day: a signed head of every chain; how many chains there are."""
    return len([heads.sign(client_id) for client_id in chain.chains()])
