"""Changing what a tenant is called, who may join it, and what it decides for itself."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, enter
from tenants.models import Tenant
from tenants.names import checked_name
from tenants.routing import forget
from tenants.services import living_tenant, locked_tenant, target_of

Changes = dict[str, dict[str, Any]]
"""What was changed, by field: ``{"name": {"from": …, "to": …}}``; settings as ``settings.x``."""


def update_tenant(tenant_id: uuid.UUID, *, name: str, registration: str, actor: Actor) -> Tenant:
    """Change the name and the registration; the same values again change nothing.

    Raises ValidationFailed and TenantNotFound.
    """
    with enter(PUBLIC), transaction.atomic():
        tenant = locked_tenant(tenant_id)
        # A name that was stored under an older rule must not keep the rest from being changed.
        kept = name == tenant.name
        wanted = {"name": name if kept else checked_name(name), "registration": registration}
        _apply(tenant, _changes(tenant, wanted, {}), actor)
        return tenant


def change_details(
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
        wanted["name"] = checked_name(wanted["name"])
    with enter(PUBLIC), transaction.atomic():
        tenant = living_tenant(tenant_id)
        check(tenant)
        changes = _changes(tenant, wanted, settings)
        _apply(tenant, changes, actor)
        return changes


def change_limits(tenant_id: uuid.UUID, *, limits: Mapping[str, int | None], actor: Actor) -> None:
    """Set apart what a tenant may keep (tenants/limits.py); limits that are not named stay.

    None gives a limit back to what everybody gets, 0 is none. Raises TenantNotFound.
    """
    with enter(PUBLIC), transaction.atomic():
        tenant = locked_tenant(tenant_id)
        pairs = [(f"limits.{name}", tenant.limits.get(name), to) for name, to in limits.items()]
        if not (changes := _differing(pairs)):
            return
        wanted = {**tenant.limits, **limits}
        tenant.limits = {name: limit for name, limit in wanted.items() if limit is not None}
        tenant.save(update_fields=["limits", "updated_at"])
        record("tenant.updated", actor=actor, target=target_of(tenant), changes=changes)
        forget(tenant)


def _apply(tenant: Tenant, changes: Changes, actor: Actor) -> None:
    if not changes:
        return
    for field, change in changes.items():
        _, _, setting = field.partition(".")
        if setting:
            tenant.settings[setting] = change["to"]
        else:
            setattr(tenant, field, change["to"])
    tenant.save(update_fields=["name", "registration", "settings", "updated_at"])
    record("tenant.updated", actor=actor, target=target_of(tenant), changes=changes)
    forget(tenant)


def _changes(tenant: Tenant, details: dict[str, str], settings: dict[str, Any]) -> Changes:
    pairs = [(field, getattr(tenant, field), value) for field, value in details.items()]
    pairs += [(f"settings.{n}", tenant.settings.get(n), value) for n, value in settings.items()]
    return _differing(pairs)


def _differing(pairs: list[tuple[str, Any, Any]]) -> Changes:
    return {field: {"from": now, "to": value} for field, now, value in pairs if now != value}
