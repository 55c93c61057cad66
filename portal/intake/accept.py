"""Facts in, whoever brings them: the raw inbox and the store, a batch a transaction, a verdict a line."""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from cdrs.ingest import Ingested, Outcome, ingest_events, ingest_packed, ingest_prepared
from cdrs.ingest.outcomes import rejected
from portal.access.isolation import scope
from portal.intake.inbox import Raw, keep_new, keep_raw
from portal.intake.models import RawFact
from portal.intake.reading import Plain
from portal.intake.told import UNFORESEEN, Line, LineResult, Told, tell
from records.ingest import ingest_recordings, ingest_voicemessages

Kind = RawFact.Kind
Ingest = Callable[[int, Sequence[Any]], list[Ingested]]
log = logging.getLogger(__name__)
# The database is lost or asks for a repeat, or the machine is in trouble: no line is to blame.
TROUBLE = (OperationalError, InterfaceError, OSError, MemoryError)
INGEST: dict[str, Ingest] = {
    Kind.CALL: ingest_prepared,
    Kind.RECORDING: ingest_recordings,
    Kind.VOICEMESSAGE: ingest_voicemessages,
    Kind.EVENT: ingest_events,
}


def accept(client_id: int, kind: str, lines: Sequence[Line | Told]) -> list[LineResult]:
    """Store a batch of facts of one kind, and the lines as they came, in one transaction; a result a line.

    A line is JSON in bytes, or the object itself, or has been read already. A bad one is rejected, kept raw, and costs
    the others nothing, also where only the database finds out. One that is gone for good is skipped and not kept.
    Durable when this returns, unless the caller has a transaction of its own open.
    """
    if not lines:
        return []
    with collector_at_rest():
        told = [line if isinstance(line, Told) else tell(kind, line) for line in lines]
        good = [one for one in told if one.result is None]
        with scope(client_id):
            ingested = ingest_each(client_id, INGEST[kind], [one.facts for one in good])
            for one, what in zip(good, ingested, strict=True):
                one.result, one.buried = _result(one.facts, what), what.buried
            results = [one.result for one in told if one.result is not None]
            kept = [_raw(one, result) for one, result in zip(told, results, strict=True) if not one.buried]
            keep_raw(client_id, kind, kept)
    return results


def accept_plain(client_id: int, plain: Plain) -> Outcome | None:
    """Store calls that are packed, and keep them raw: CREATED where all are new, UNCHANGED where all are known.

    None where they are neither, or where one of them cannot be stored: nothing is stored then, and they are to be
    accepted as other lines are. The caller is in `scope(client_id)`.
    """
    source, keys, kind = plain.calls.source, plain.calls.keys, Kind.CALL
    try:
        with transaction.atomic():
            outcome = ingest_packed(client_id, plain.calls)
            if outcome is Outcome.CREATED:
                keep_new(client_id, kind, source, keys, plain.bodies, plain.hashes)
            elif outcome is not None:
                told = zip(keys, plain.bodies, plain.hashes, strict=True)
                keep_raw(client_id, kind, [Raw(source, key, body, digest) for key, body, digest in told])
            return outcome
    except TROUBLE:
        raise
    except Exception:
        return None  # which line is to blame is found, and said, where they are accepted again


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """A batch makes a hundred thousand objects and no cycles: looking for them meanwhile is a fifth of its time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def ingest_each(client_id: int, ingest: Ingest, facts: Sequence[Any]) -> list[Ingested]:
    """Ingest a batch; where that fails, its halves, down to the one line that is to blame."""
    if not facts:
        return []
    try:
        with transaction.atomic():
            return ingest(client_id, facts)
    except TROUBLE:
        raise
    except DatabaseError as error:
        if len(facts) == 1:
            return [rejected("", f"the database cannot store it: {str(error).splitlines()[0]}")]
    except Exception:
        if len(facts) == 1:
            log.exception("client %d: %s %r cannot be stored", client_id, facts[0].source, facts[0].source_id)
            return [rejected("", UNFORESEEN)]
    middle = len(facts) // 2
    return ingest_each(client_id, ingest, facts[:middle]) + ingest_each(client_id, ingest, facts[middle:])


def _result(facts: Any, ingested: Ingested) -> LineResult:
    outcome, new_legs, conflict, _ = ingested
    if conflict is None:
        return LineResult(outcome, None, None, False, new_legs, facts.source, facts.source_id)
    error = f"{conflict.field}: {conflict.message}" if conflict.field else conflict.message
    return LineResult(Outcome.REJECTED, error, conflict.field, True, 0, facts.source, facts.source_id)


def _raw(one: Told, result: LineResult) -> Raw:
    changed = result.status is Outcome.UPDATED
    return Raw(result.source, result.source_id, one.body, one.content_hash, result.error, changed)
