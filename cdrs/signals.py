"""What cdrs tells the floors above, inside the transaction of what came in."""

from django.dispatch import Signal

# client_id: int; calls: cdrs.ingest.calls.Arrived. Receivers run in the same transaction; an error undoes the batch.
calls_arrived = Signal()

# client_id: int; kind: `call` or `event`; names: [(source, source_id)] of what is gone for good.
forgotten = Signal()

# client_id: int; source: str; moments: list[cdrs.live.Moment], in order of time. What has happened in calls that live,
# each told once. Receivers run in the transaction of the events; an error undoes them.
calls_moved = Signal()
