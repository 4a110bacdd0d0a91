"""Signals of tenants for the apps above, which this app must not import."""

from django.dispatch import Signal

# Sent with ``tenant`` (a TenantRef) and ``actor``, in the public scope, inside the transaction.
key_rotated = Signal()

# Sent with ``tenant`` (a TenantRef) and ``access`` (a SupportAccess), likewise.
support_requested = Signal()
