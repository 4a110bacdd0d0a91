"""What can be done to a tenant. Each verb is one transaction, audited, and names who acts."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from psycopg import errors

from audit.services import Actor, Target, record
from core.db_backend.queries import insert_ignoring_conflict
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import FieldError
from tenants import names
from tenants.models import Domain, Tenant
from tenants.names import clean_tenant_name
from tenants.problems import ProvisioningUnavailable, SubdomainTaken, TenantNotFound
from tenants.refs import TenantRef, ref_of
from tenants.routing import invalidate_route
from tenants.signals import key_rotated

MAX_REASON_LENGTH = 400


Changes = dict[str, dict[str, Any]]


def create_tenant(
    *,
    name: str,
    subdomain: str,
    actor: Actor,
    registration: str = Tenant.Registration.CLOSED,
) -> TenantRef:
    """Create a tenant with its domain, schema and role; it can be used when this returns.

    Of two calls with the same subdomain one wins: the other waits on the unique index and gets
    SubdomainTaken. Raises ValidationFailed for a bad name or slug.
    """
    slug = names.clean_new_slug(subdomain)
    tenant = Tenant(name=clean_tenant_name(name, field="company"), registration=registration)
    tenant.object_prefix = tenant.schema_name
    with use_scope(PUBLIC), transaction.atomic():
        tenant.save(force_insert=True)
        claim_subdomain(tenant, slug)
        provision_schema(tenant.schema_name)
        record("tenant.created", actor=actor, target=tenant_target(tenant), subdomain=slug)
        invalidate_route(tenant)
        return ref_of(tenant)


def suspend_tenant(tenant_id: uuid.UUID, *, actor: Actor, reason: str = "") -> Tenant:
    """Refuse every request to the tenant from the next one on. Repeating it changes nothing."""
    return _set_status(tenant_id, Tenant.Status.SUSPENDED, actor, reason[:MAX_REASON_LENGTH])


def resume_tenant(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Serve a suspended tenant again."""
    return _set_status(tenant_id, Tenant.Status.ACTIVE, actor, "")


def mark_deleting(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Take the tenant off the air for good; the first step of a deletion."""
    return _set_status(tenant_id, Tenant.Status.DELETING, actor, "")


STATUS_ACTIONS = {
    Tenant.Status.ACTIVE: "tenant.resumed",
    Tenant.Status.SUSPENDED: "tenant.suspended",
    Tenant.Status.DELETING: "tenant.deletion_started",
}


def _set_status(tenant_id: uuid.UUID, status: Tenant.Status, actor: Actor, reason: str) -> Tenant:
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        if tenant.status == status or tenant.status == Tenant.Status.DELETING:
            return tenant
        tenant.status, tenant.suspended_reason = status, reason
        tenant.save(update_fields=["status", "suspended_reason", "updated_at"])
        record(STATUS_ACTIONS[status], actor=actor, target=tenant_target(tenant), reason=reason)
        invalidate_route(tenant)
        return tenant


def lock_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked until the transaction ends, or raise TenantNotFound."""
    tenant: Tenant | None = Tenant.objects.select_for_update().filter(id=tenant_id).first()
    if tenant is None:
        raise TenantNotFound
    return tenant


def lock_undeleted_tenant(tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant with its row locked, or raise TenantNotFound, also once its purge began."""
    tenant = lock_tenant(tenant_id)
    if tenant.status == Tenant.Status.DELETING:
        raise TenantNotFound
    return tenant


def tenant_target(tenant: Tenant) -> Target:
    """Return the tenant as an audit target."""
    return Target("tenant", str(tenant.id), tenant.name)


def rotate_key(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Sign with the next version of the tenant's key, which ends every token of this tenant.

    Sessions end with their tokens (``key_rotated`` is heard in the same transaction): people log in
    again. Raises TenantNotFound, also while the tenant is being deleted.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        tenant.key_version += 1
        tenant.save(update_fields=["key_version", "updated_at"])
        record(
            "tenant.key_rotated",
            actor=actor,
            target=tenant_target(tenant),
            version=tenant.key_version,
        )
        key_rotated.send(sender=Tenant, tenant=ref_of(tenant), actor=actor)
        invalidate_route(tenant)
        return tenant


# Making the schema of a new tenant, in the caller's transaction.
def provision_schema(schema: str) -> None:
    """Create the schema and the role ``schema`` from the stored template (functions.sql).

    It is part of the transaction that is open: if that rolls back, nothing is left behind. Raises
    ProvisioningUnavailable while no template is stored.
    """
    try:
        with use_scope(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT aggios.provision_tenant(%s)", [schema])
    except OperationalError as exc:
        if isinstance(exc.__cause__, errors.ObjectNotInPrerequisiteState):
            raise ProvisioningUnavailable(str(exc).splitlines()[0]) from exc
        raise


# Changing what a tenant is called, who may join it, and what it decides for itself.
"""What was changed, by field: ``{"name": {"from": …, "to": …}}``; settings as ``settings.x``."""


def update_tenant(tenant_id: uuid.UUID, *, name: str, registration: str, actor: Actor) -> Tenant:
    """Change the name and the registration; the same values again change nothing.

    Raises ValidationFailed and TenantNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        # A name that was stored under an older rule must not keep the rest from being changed.
        kept = name == tenant.name
        wanted = {"name": name if kept else clean_tenant_name(name), "registration": registration}
        _apply_changes(tenant, _find_changes(tenant, wanted, {}), actor)
        return tenant


def update_details(
    tenant_id: uuid.UUID,
    *,
    details: dict[str, str],
    settings: dict[str, Any],
    actor: Actor,
    check: Callable[[Tenant], None],
) -> Changes:
    """Change what is named of ``name`` and ``registration``, and single settings; return what was.

    What a setting may be is for its room to say; the others stay as they are, so that two who
    change different ones at once both get theirs. ``check`` sees the locked tenant first and may
    raise. Raises ValidationFailed and TenantNotFound.
    """
    wanted = dict(details)
    if "name" in wanted:
        wanted["name"] = clean_tenant_name(wanted["name"])
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_undeleted_tenant(tenant_id)
        check(tenant)
        changes = _find_changes(tenant, wanted, settings)
        _apply_changes(tenant, changes, actor)
        return changes


def update_limits(tenant_id: uuid.UUID, *, limits: Mapping[str, int | None], actor: Actor) -> None:
    """Set apart what a tenant may keep (tenants/limits.py); limits that are not named stay.

    None gives a limit back to what everybody gets, 0 is none. Raises TenantNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        pairs = [(f"limits.{name}", tenant.limits.get(name), to) for name, to in limits.items()]
        if not (changes := _differences(pairs)):
            return
        wanted = {**tenant.limits, **limits}
        tenant.limits = {name: limit for name, limit in wanted.items() if limit is not None}
        tenant.save(update_fields=["limits", "updated_at"])
        record("tenant.updated", actor=actor, target=tenant_target(tenant), changes=changes)
        invalidate_route(tenant)


def _apply_changes(tenant: Tenant, changes: Changes, actor: Actor) -> None:
    if not changes:
        return
    for field, change in changes.items():
        _, _, setting = field.partition(".")
        if setting:
            tenant.settings[setting] = change["to"]
        else:
            setattr(tenant, field, change["to"])
    tenant.save(update_fields=["name", "registration", "settings", "updated_at"])
    record("tenant.updated", actor=actor, target=tenant_target(tenant), changes=changes)
    invalidate_route(tenant)


def _find_changes(tenant: Tenant, details: dict[str, str], settings: dict[str, Any]) -> Changes:
    pairs = [(field, getattr(tenant, field), value) for field, value in details.items()]
    pairs += [(f"settings.{n}", tenant.settings.get(n), value) for n, value in settings.items()]
    return _differences(pairs)


def _differences(pairs: list[tuple[str, Any, Any]]) -> Changes:
    return {field: {"from": now, "to": value} for field, now, value in pairs if now != value}


# Subdomain labels: each leads to one tenant, also while a former one is still redirected.


def claim_subdomain(tenant: Tenant, label: str) -> Domain:
    """Give the tenant a label that nobody has; the first one becomes its primary name.

    Call it in the transaction of the change. Of two claims at once one wins: the other waits on
    the unique index. Raises SubdomainTaken.
    """
    _delete_expired_redirect(label)
    is_first = not Domain.objects.filter(tenant=tenant, is_primary=True).exists()
    domain = Domain(tenant=tenant, domain=label, is_primary=is_first)
    if not insert_ignoring_conflict(domain):
        taken = FieldError("subdomain", "taken", "Somebody has this name already.")
        raise SubdomainTaken(errors=[taken])
    return domain


def _delete_expired_redirect(label: str) -> None:
    """Remove the row of whoever left this name, once its redirect has ended.

    The lock makes PostgreSQL look again at a row that its tenant takes back at the same time.
    """
    ended = Domain.objects.filter(domain=label, redirect_until__lte=timezone.now())
    for domain in ended.select_related("tenant").select_for_update(of=("self",)):
        domain.delete()
        invalidate_route(domain.tenant, also=(label,))
