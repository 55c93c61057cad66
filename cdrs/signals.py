"""What cdrs tells the floors above, inside the transaction of the calls."""

from django.dispatch import Signal

# client_id: int; calls: cdrs.ingest.calls.Arrived. Receivers run in the same transaction; an error undoes the batch.
calls_arrived = Signal()
