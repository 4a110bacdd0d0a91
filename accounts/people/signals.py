"""What other rooms may want to hear of people; accounts itself knows none of them."""

from django.dispatch import Signal

# Sent with ``person`` (their locked row, buried already) inside the transaction that erases them,
# before the audit trail forgets them.
user_erased = Signal()
