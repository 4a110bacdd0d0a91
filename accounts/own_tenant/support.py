"""Access of the platform's support to the own tenant: only owners decide about it."""

import uuid

from django.db import transaction

from accounts.email.outbox import enqueue_email
from accounts.models import User
from accounts.own_tenant.services import actor_by_id
from accounts.users.permissions import lock_authorized_actor
from accounts.users.queries import existing_users, user_actor
from tenants.context import current_tenant
from tenants.support_access.models import SupportAccess
from tenants.support_access.queries import (
    get_support_access,
    open_support_accesses,
    support_accesses,
)
from tenants.support_access.services import Actors, end_access, grant_access, refuse_access


def own_support_accesses() -> list[SupportAccess]:
    """Return the latest requests and accesses of the current tenant, newest first."""
    return support_accesses(current_tenant().id)


def open_own_support_accesses() -> list[SupportAccess]:
    """Return the open requests and the active accesses of the current tenant."""
    return open_support_accesses(current_tenant().id)


def get_own_support_access(access_id: uuid.UUID) -> SupportAccess:
    """Return one request or access of the current tenant. Raises: SupportAccessNotFound."""
    return get_support_access(access_id, tenant_id=current_tenant().id)


def grant_support_access(access_id: uuid.UUID, *, hours: int, by: User) -> SupportAccess:
    """Let a staff user see the tenant for some hours from now on.

    Raises: TokenInvalid, PermissionRefused if ``by`` is no active owner by now; ValidationFailed;
    SupportAccessNotFound; SupportAccessClosed, also if another owner decided first.
    """
    with transaction.atomic():
        owner = lock_authorized_actor("support:grant", by)
        return grant_access(
            access_id,
            tenant_id=current_tenant().id,
            owner_id=owner.id,
            actors=_actors(owner),
            hours=hours,
        )


def refuse_support_access(access_id: uuid.UUID, *, by: User) -> None:
    """Refuse a request. Raises as ``grant_support_access`` does."""
    with transaction.atomic():
        owner = lock_authorized_actor("support:refuse", by)
        tenant_id = current_tenant().id
        refuse_access(access_id, tenant_id=tenant_id, owner_id=owner.id, actors=_actors(owner))


def end_support_access(access_id: uuid.UUID, *, by: User) -> None:
    """End an access at once. One that has ended is not changed.

    Raises: TokenInvalid, PermissionRefused, SupportAccessNotFound.
    """
    with transaction.atomic():
        owner = lock_authorized_actor("support:end", by)
        end_access(
            access_id,
            tenant_id=current_tenant().id,
            actors=_actors(owner),
            reason=SupportAccess.End.REVOKED,
        )


def mail_support_request(access: SupportAccess) -> None:
    """Queue an e-mail to each active owner of the current tenant about a request."""
    for owner in existing_users().filter(role=User.Role.OWNER, is_active=True):
        enqueue_email(
            "support_request",
            to=owner.email,
            user=str(owner.id),
            by=access.staff_label,
            reason=access.reason,
            hours=access.hours,
        )


def _actors(owner: User) -> Actors:
    return Actors(in_public=actor_by_id(owner), in_tenant=user_actor(owner))
