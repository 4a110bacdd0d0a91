"""What other rooms may want to hear of a tenant; tenants itself knows none of them."""

from django.dispatch import Signal

# Sent with ``tenant`` (a TenantRef) and ``actor``, in the public scope, inside the transaction.
key_rotated = Signal()
