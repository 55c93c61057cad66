"""The way in for calls and live events: facts become calls, legs, participants and counters, set-based and once.

    with scope(client_id):
        results = ingest_calls(client_id, facts)

`prepare` does beforehand, in any thread, what needs no database; `ingest_prepared` then does the rest.
Idempotent by (client, source, source_id): the same facts again change nothing.
"""

from cdrs.ingest.calls import ingest_calls, ingest_packed, ingest_prepared
from cdrs.ingest.events import ingest_events
from cdrs.ingest.outcomes import Conflict, Ingested, Outcome
from cdrs.ingest.packing import Packed, pack
from cdrs.ingest.rows import Prepared, prepare

__all__ = [
    "Conflict",
    "Ingested",
    "Outcome",
    "Packed",
    "Prepared",
    "ingest_calls",
    "ingest_events",
    "ingest_packed",
    "ingest_prepared",
    "pack",
    "prepare",
]
