"""The way in for calls: facts become calls, legs, participants and counters, set-based and once.

    with scope(client_id):
        results = ingest_calls(client_id, facts)

Idempotent by (client, source, source_id): the same facts again change nothing.
"""

from cdrs.ingest.calls import ingest_calls
from cdrs.ingest.outcomes import Conflict, Ingested, Outcome

__all__ = ["Conflict", "Ingested", "Outcome", "ingest_calls"]
