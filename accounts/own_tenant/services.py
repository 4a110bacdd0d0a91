"""Reading, changing and deleting the own tenant.

The public audit trail names the actor by id, the tenant's own trail also by address: the platform
need not know the addresses of tenant users.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from accounts.email.outbox import enqueue_email
from accounts.models import User
from accounts.own_tenant.settings import (
    require_authentication_to_weaken,
    require_settings_permission,
    validate_settings,
)
from accounts.users.permissions import lock_authorized_actor
from accounts.users.queries import user_actor
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError, ValidationFailed
from core.text.normalization import timestamp_or_none
from tenants.context import current_tenant, tenant_target
from tenants.lifecycle import schedule_deletion
from tenants.models import Tenant
from tenants.problems import TenantUnavailable
from tenants.queries import get_tenant, lock_undeleted_tenant
from tenants.services import update_settings
from tenants.usage import CurrentUsage, current_usage

Check = Callable[[Tenant], None]


def get_own_tenant() -> Tenant:
    """Return the row of the current tenant as of now, with its domains."""
    return get_tenant(current_tenant().id)


def get_own_usage(tenant: Tenant) -> CurrentUsage | None:
    """Return the tenant's usage, at most five minutes old; None while it cannot be measured."""
    try:
        return current_usage(tenant, exact=False)
    except TenantUnavailable:
        return None


def actor_by_id(user: User) -> Actor:
    """Return a user as the public audit trail names it."""
    return Actor("user", str(user.id))


def update_own_tenant(*, actor: User, changes: dict[str, Any], check: Check) -> Tenant:
    """Change the name, the registration mode or settings, effective from the next request.

    ``check`` gets the locked tenant first and may raise.

    Raises: ValidationFailed, PermissionRefused, ProofRequired.
    """
    details = {name: value for name, value in changes.items() if name != "settings"}
    settings = validate_settings(changes.get("settings", {}))

    with transaction.atomic():
        actor = lock_authorized_actor("tenant:write", actor)

        def allowed(tenant: Tenant) -> None:
            check(tenant)
            require_settings_permission(actor, settings, tenant.settings)
            require_authentication_to_weaken(tenant, details=details, settings=settings)

        changed = update_settings(
            current_tenant().id,
            details=details,
            settings=settings,
            actor=actor_by_id(actor),
            check=allowed,
        )
        tenant = get_own_tenant()
        if changed:
            target = tenant_target(tenant)
            record("tenant.updated", actor=user_actor(actor), target=target, changes=changed)
        return tenant


def delete_own_tenant(*, actor: User, confirm: str, check: Check) -> Tenant:
    """Stop serving the tenant and schedule its purge after the grace period.

    Every owner is notified by e-mail. Only platform staff can cancel it. ``confirm`` must be the
    subdomain, to prevent mistakes.

    Raises: ValidationFailed.
    """
    with transaction.atomic():
        actor = lock_authorized_actor("tenant:delete", actor)
        with use_scope(PUBLIC):
            tenant = lock_undeleted_tenant(current_tenant().id)
            check(tenant)
            _require_confirmed(tenant, confirm)
            tenant = schedule_deletion(tenant.pk, actor=actor_by_id(actor))
        due = timestamp_or_none(tenant.deletion_due_at) or ""
        record(
            "tenant.deletion_scheduled",
            actor=user_actor(actor),
            target=tenant_target(tenant),
            due_at=due,
        )
        for owner in User.objects.filter(role=User.Role.OWNER, is_active=True):
            enqueue_email("workspace_leaving", to=owner.email, due_at=due, by=actor.email)
        return get_own_tenant()


def _require_confirmed(tenant: Tenant, confirm: str) -> None:
    if confirm.strip().lower() != tenant.slug:
        error = FieldError("confirm", "mismatch", "Give the workspace's subdomain.")
        raise ValidationFailed(errors=[error])
