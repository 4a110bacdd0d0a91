"""Changing what a tenant is called, who may join it, and what it decides for itself."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.models import Tenant
from tenants.names import clean_tenant_name
from tenants.routing import invalidate_route
from tenants.services import lock_tenant, lock_undeleted_tenant, tenant_target

Changes = dict[str, dict[str, Any]]
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
