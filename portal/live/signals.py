"""What the messengers tell the dialects."""

from django.dispatch import Signal

# subscription, delivery: before each try, inside the scope of the client. A receiver may complete `delivery.body`.
going_out = Signal()
