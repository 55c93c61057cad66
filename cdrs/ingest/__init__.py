"""The way in for calls and live events: facts become calls, legs, participants and counters, set-based and once.

    with scope(client_id):
        results = ingest_calls(client_id, facts)

Idempotent by (client, source, source_id): the same facts again change nothing.
"""

from cdrs.ingest.calls import ingest_calls
from cdrs.ingest.events import ingest_events
from cdrs.ingest.outcomes import Conflict, Ingested, Outcome

__all__ = ["Conflict", "Ingested", "Outcome", "ingest_calls", "ingest_events"]
