"""What becomes of an archive, told in the transaction in which it happens: `archive`, an Archive, to each."""

from django.dispatch import Signal

became_ready = Signal()
ended = Signal()
