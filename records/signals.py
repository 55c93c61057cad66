"""What the floors above are told, in the transaction in which it happens."""

from django.dispatch import Signal

# client_id, kind (as records.ingest.kinds names it), names: [(source, source_id)] of what is gone for good; of the same
# things `total`, their model's name, and `gone`: [records.deletion.forgetting.Forgotten].
forgotten = Signal()
