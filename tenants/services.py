"""Changes of a tenant. Each function is one audited transaction with an actor."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Q
from psycopg import errors

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef, ref_of, tenant_target
from tenants.models import Tenant
from tenants.names import clean_new_slug, clean_tenant_name
from tenants.problems import ProvisioningUnavailable
from tenants.queries import lock_tenant, lock_undeleted_tenant
from tenants.routing import invalidate_route
from tenants.signals import key_rotated
from tenants.subdomains import claim_subdomain
from tenants.support_access.models import SupportAccess
from tenants.support_access.services import end_accesses

Changes = dict[str, dict[str, Any]]
"""Changes by field: ``{"name": {"from": …, "to": …}}``; a setting x is named ``settings.x``."""


def create_tenant(
    *,
    name: str,
    subdomain: str,
    actor: Actor,
    registration: str = Tenant.Registration.CLOSED,
) -> TenantRef:
    """Create a tenant with its domain, schema and role, ready for use.

    Of two concurrent calls with the same subdomain one wins: the other waits on the unique index
    and gets SubdomainTaken.

    Raises: ValidationFailed, SubdomainTaken, ProvisioningUnavailable.
    """
    slug = clean_new_slug(subdomain)
    tenant = Tenant(name=clean_tenant_name(name, field="company"), registration=registration)
    tenant.object_prefix = tenant.schema_name
    with use_scope(PUBLIC), transaction.atomic():
        tenant.save(force_insert=True)
        claim_subdomain(tenant, slug)
        provision_schema(tenant.schema_name)
        record("tenant.created", actor=actor, target=tenant_target(tenant), subdomain=slug)
        invalidate_route(tenant)
        return ref_of(tenant)


def provision_schema(schema: str) -> None:
    """Create the schema and the role ``schema`` from the stored template.

    It is part of the current transaction, so a rollback leaves nothing behind. The SQL function is
    in schemas/functions.sql.

    Raises: ProvisioningUnavailable while no template is stored.
    """
    try:
        with use_scope(PUBLIC), connection.cursor() as cursor:
            cursor.execute("SELECT aggios.provision_tenant(%s)", [schema])
    except OperationalError as exc:
        if isinstance(exc.__cause__, errors.ObjectNotInPrerequisiteState):
            raise ProvisioningUnavailable(str(exc).splitlines()[0]) from exc
        raise


def update_tenant(tenant_id: uuid.UUID, *, name: str, registration: str, actor: Actor) -> Tenant:
    """Change the name and the registration mode; equal values change nothing.

    Raises: ValidationFailed, TenantNotFound.
    """
    with use_scope(PUBLIC), transaction.atomic():
        tenant = lock_tenant(tenant_id)
        # A name that an older rule allowed must not block the other change.
        kept = name == tenant.name
        wanted = {"name": name if kept else clean_tenant_name(name), "registration": registration}
        _apply_changes(tenant, _find_changes(tenant, wanted, {}), actor)
        return tenant


def update_settings(
    tenant_id: uuid.UUID,
    *,
    details: dict[str, str],
    settings: dict[str, Any],
    actor: Actor,
    check: Callable[[Tenant], None],
) -> Changes:
    """Change single settings, and ``name`` or ``registration`` if given; return the changes.

    The caller validates the settings. Settings that are not given stay as they are, so concurrent
    changes of different settings both count. ``check`` is called with the locked tenant first and
    may raise.

    Raises: ValidationFailed, TenantNotFound.
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
    """Set limits of one tenant (tenants/context.py). Limits that are not given stay as they are.

    None restores the default limit, 0 means unlimited.

    Raises: TenantNotFound.
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


def rotate_key(tenant_id: uuid.UUID, *, actor: Actor) -> Tenant:
    """Raise the tenant's key version, which invalidates every token of this tenant.

    Receivers of ``key_rotated`` end the sessions in the same transaction, so users must log in
    again.

    Raises: TenantNotFound, also while the tenant is being deleted.
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
        end_accesses(Q(tenant=tenant_id), SupportAccess.End.KEY_ROTATED, actor=actor)
        invalidate_route(tenant)
        return tenant


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
