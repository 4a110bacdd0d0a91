"""The workspace as its own people read, change and leave it.

A change is kept in the public record by the id of who made it, and in the workspace's own with
their name: the platform need not know addresses of its tenants' people.
"""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from accounts.actors import actor_of
from accounts.email.outbox import post_letter
from accounts.models import User
from accounts.own_tenant.settings import checked_settings, require_may_set, require_proof_to_weaken
from accounts.users.permissions import still_allowed
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, enter
from core.problems import FieldError, ValidationFailed
from core.text.formatting import time_or_none
from tenants.context import current_tenant
from tenants.details import change_details
from tenants.lifecycle import schedule_deletion
from tenants.measuring import Seen, current_usage
from tenants.models import Tenant
from tenants.problems import TenantUnavailable
from tenants.queries import tenant_with_id
from tenants.services import living_tenant, target_of

Check = Callable[[Tenant], None]


def own_tenant() -> Tenant:
    """Return the tenant that the code runs in as its row has it now, with its domains."""
    return tenant_with_id(current_tenant().id)


def own_usage(tenant: Tenant) -> Seen | None:
    """Return what the tenant holds, at most five minutes old; None if it cannot be measured now."""
    try:
        return current_usage(tenant, exact=False)
    except TenantUnavailable:
        return None


def known_by_id(user: User) -> Actor:
    """Return a person as the public record names them."""
    return Actor("user", str(user.id))


def change_workspace(*, actor: User, changes: dict[str, Any], check: Check) -> Tenant:
    """Change the name, who may join, and settings; each counts from the next request on.

    ``check`` sees the locked tenant first. Raises ValidationFailed, PermissionRefused and
    ProofRequired.
    """
    details = {name: value for name, value in changes.items() if name != "settings"}
    settings = checked_settings(changes.get("settings", {}))

    with transaction.atomic():
        actor = still_allowed("tenant:write", actor)

        def allowed(tenant: Tenant) -> None:
            check(tenant)
            require_may_set(actor, settings, tenant.settings)
            require_proof_to_weaken(tenant, details=details, settings=settings)

        changed = change_details(
            current_tenant().id,
            details=details,
            settings=settings,
            actor=known_by_id(actor),
            check=allowed,
        )
        tenant = own_tenant()
        if changed:
            target = target_of(tenant)
            record("tenant.updated", actor=actor_of(actor), target=target, changes=changed)
        return tenant


def delete_workspace(*, actor: User, confirm: str, check: Check) -> Tenant:
    """Take the workspace off the air and have it purged after the days of grace.

    Every owner is written to. Only platform staff can call it off. ``confirm`` is the subdomain, so
    that nobody does it by a slip. Raises ValidationFailed.
    """
    with transaction.atomic():
        actor = still_allowed("tenant:delete", actor)
        with enter(PUBLIC):
            tenant = living_tenant(current_tenant().id)
            check(tenant)
            _require_confirmed(tenant, confirm)
            tenant = schedule_deletion(tenant.pk, actor=known_by_id(actor))
        due = time_or_none(tenant.deletion_due_at) or ""
        record(
            "tenant.deletion_scheduled",
            actor=actor_of(actor),
            target=target_of(tenant),
            due_at=due,
        )
        for owner in User.objects.filter(role=User.Role.OWNER, is_active=True):
            post_letter("workspace_leaving", to=owner.email, due_at=due, by=actor.email)
        return own_tenant()


def _require_confirmed(tenant: Tenant, confirm: str) -> None:
    if confirm.strip().lower() != tenant.slug:
        fault = FieldError("confirm", "mismatch", "Give the workspace's subdomain.")
        raise ValidationFailed(errors=[fault])
