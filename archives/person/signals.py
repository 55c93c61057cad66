"""What the floors above are told of an erasure."""

from django.dispatch import Signal

# client_id; person: an archives.person.finding.Person; kept: a function that says which of some (source, source_id) a
# hold keeps, in the transaction in which they would go. All other rows of the number are gone. A receiver takes the
# number out of what it has itself, in transactions of its own, and answers how many of what ({"raw_facts": 3}). It may
# be sent again.
number_erased = Signal()
