"""Signals of users, and receivers of tenant signals.

Receivers import what they call: these modules load libraries that few processes need, and every
process connects the receivers.
"""

from typing import Any

from django.dispatch import Signal, receiver

from accounts.models import Session
from audit.services import Actor
from tenants.context import TenantRef, tenant_context
from tenants.signals import key_rotated, support_requested
from tenants.support_access.models import SupportAccess

# Sent with ``user``, the locked and anonymised row, inside the transaction of the erasure, before
# the audit trail is erased. Other apps listen; accounts does not know them.
user_erased = Signal()


@receiver(key_rotated, dispatch_uid="accounts.key_rotated")
def _end_sessions(tenant: TenantRef, actor: Actor, **_: Any) -> None:
    """End all sessions: the tenant's new key has made their tokens invalid already."""
    from accounts.sessions.services import end_tenant_sessions  # noqa: PLC0415 - see above

    with tenant_context(tenant):
        end_tenant_sessions(Session.End.REVOKED, actor=actor, cause="key_rotated")


@receiver(support_requested, dispatch_uid="accounts.support_requested")
def _mail_owners(tenant: TenantRef, access: SupportAccess, **_: Any) -> None:
    """Tell the owners by e-mail that support asks for access."""
    from accounts.own_tenant.support import mail_support_request  # noqa: PLC0415 - see above

    with tenant_context(tenant):
        mail_support_request(access)
