"""What the floors above are told of an erasure."""

from django.dispatch import Signal

# client_id; person: an archives.person.finding.Person; kept: (source, source_id) of what a hold keeps of it. All other
# rows of the number are gone. A receiver takes the number out of what it has itself, in transactions of its own, and
# answers how many of what ({"raw_facts": 3}). It may be sent again.
number_erased = Signal()
