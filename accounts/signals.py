"""Receivers of tenant signals."""

from typing import Any

from django.dispatch import receiver

from accounts.models import Session
from accounts.sessions.services import end_tenant_sessions
from audit.services import Actor
from tenants.context import TenantRef, tenant_context
from tenants.signals import key_rotated


@receiver(key_rotated, dispatch_uid="accounts.key_rotated")
def _end_sessions(tenant: TenantRef, actor: Actor, **_: Any) -> None:
    """End all sessions: the tenant's new key has made their tokens invalid already."""
    with tenant_context(tenant):
        end_tenant_sessions(Session.End.REVOKED, actor=actor, cause="key_rotated")
