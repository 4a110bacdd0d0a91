"""Purging one tenant, so that it can be cut off anywhere and is finished by the next run.

Export, off the air for good, inventory, schema and role, objects, cache, and last the tenant's row
together with the certificate. Nothing goes before the inventory is in the platform's audit record,
so a run that was killed half-way still ends in a full certificate. Schema names and prefixes are
never given out again.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from audit.models import AuditEvent
from audit.services import Actor, record
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.deletion import purge_objects
from operations.archives.export import NO_PROGRESS, ExportResult, ProgressCallbacks
from operations.archives.loader import drop_temporary_schemas
from operations.deletion.certificates import create_certificate, take_inventory
from operations.deletion.export import export_again, export_before_purge
from operations.errors import PurgeNotDueError
from operations.owner_session import tenant_operation_lock
from tenants.fleet.records import clear_details
from tenants.models import DeletionCertificate, Tenant
from tenants.routing import invalidate_route
from tenants.schemas.drop import drop_schema_in_batches
from tenants.schemas.schema_state import ProgressCallback
from tenants.services import lock_tenant, mark_deleting, tenant_target

INVENTORY_ACTION = "tenant.inventory_taken"


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PurgeOptions:
    """How to purge: whether to export first and into which folder, and who is told."""

    actor: Actor
    folder: Path | None = None
    export: bool = True
    report: ProgressCallback = lambda line: None
    watch: ProgressCallbacks = NO_PROGRESS


def purge_tenant(tenant: Tenant, wish: PurgeOptions) -> DeletionCertificate:
    """Delete everything of a tenant whose day has come; return the certificate.

    Raises NotDue when the deletion was called off, Busy, ArchiveError when the export fails,
    StorageUnavailable: run it again then.
    """
    with tenant_operation_lock(tenant.pk):
        now = _current_tenant(tenant)
        held = _recorded_inventory(now) or _begin(now, wish)
        dropped = _remove_data(now, wish.report)
        return _finish(now, held, dropped, wish.actor)


def _current_tenant(tenant: Tenant) -> Tenant:
    """Read the tenant again: since it was listed another run may have begun, or ended, its purge.

    Raises NotDue, also when its deletion was called off.
    """
    with use_scope(PUBLIC):
        now: Tenant | None = Tenant.objects.prefetch_related("domains").filter(pk=tenant.pk).first()
    if now is None:
        raise PurgeNotDueError("It was purged meanwhile.")
    asked_anew = now.deletion_requested_at != tenant.deletion_requested_at
    if now.status != Tenant.Status.DELETING and asked_anew:
        raise PurgeNotDueError("Its deletion was called off, or its day has not come.")
    return now


def _recorded_inventory(tenant: Tenant) -> dict[str, Any] | None:
    """Return what a former run took down, if one came so far."""
    if tenant.status != Tenant.Status.DELETING:
        return None
    with use_scope(PUBLIC):
        taken = AuditEvent.objects.filter(action=INVENTORY_ACTION, target_id=str(tenant.pk))
        event = taken.order_by("-at").first()
    return dict(event.details) if event else None


def _begin(tenant: Tenant, wish: PurgeOptions) -> dict[str, Any]:
    """Export, take the tenant off the air for good, and take down what it holds."""
    exported = export_before_purge(tenant, wish) if wish.export else None
    stop_serving(tenant, actor=wish.actor)
    wish.report("off the air")
    inventory = take_inventory(tenant)
    if exported is not None and not inventory.is_in(exported):
        # A request that was under way has written since; now nobody can any more.
        exported = export_again(tenant, exported, wish)
        inventory = take_inventory(tenant)
    found = {**inventory.as_json(), "export": _export_document(exported)}
    with use_scope(PUBLIC), transaction.atomic():
        record(INVENTORY_ACTION, actor=wish.actor, target=tenant_target(tenant), **found)
    return found


def stop_serving(tenant: Tenant, *, actor: Actor) -> None:
    """Begin the purge unless the deletion was called off since ``tenant`` was read.

    Calling off waits for the row or finds the purge begun. Raises NotDue.
    """
    with use_scope(PUBLIC), transaction.atomic():
        now = lock_tenant(tenant.pk)
        if now.status != Tenant.Status.DELETING:
            is_due = now.deletion_due_at is not None and now.deletion_due_at <= timezone.now()
            if not is_due or now.deletion_requested_at != tenant.deletion_requested_at:
                raise PurgeNotDueError("Its deletion was called off, or its day has not come.")
            mark_deleting(tenant.pk, actor=actor)


def _remove_data(tenant: Tenant, report: ProgressCallback) -> dict[str, Any]:
    drop_temporary_schemas(tenant.schema_name)
    drop_schema_in_batches(tenant.schema_name)
    report(f"schema and role {tenant.schema_name} dropped")
    clear_details(tenant.pk)
    purge_objects(tenant.object_prefix, lambda count: report(f"{count} objects deleted"))
    keys = purge_cache(tenant)
    report("Redis does not answer; its keys end by themselves" if keys is None else "cache cleared")
    return {
        "schema": tenant.schema_name,
        "role": tenant.schema_name,
        "object_prefix": tenant.object_prefix,
        "cache": "cleared" if keys is not None else "left to expire",
    }


def _finish(
    tenant: Tenant, held: dict[str, Any], dropped: dict[str, Any], actor: Actor
) -> DeletionCertificate:
    with use_scope(PUBLIC), transaction.atomic():
        now = lock_tenant(tenant.pk)
        certificate = create_certificate(
            now, held=held, dropped=dropped, actor=actor, at=timezone.now()
        )
        details = {"subdomain": now.slug, "certificate": str(certificate.pk)}
        record(
            "tenant.deleted",
            actor=actor,
            target=tenant_target(now),
            **details,
            digest=certificate.digest,
        )
        invalidate_route(now)
        Tenant.objects.filter(pk=now.pk).delete()
    return certificate


def _export_document(exported: ExportResult | None) -> dict[str, Any] | None:
    if exported is None:
        return None
    missing = len(exported.manifest.missing)
    file = {"file": str(exported.path), "size": exported.size, "sha256": exported.sha256}
    return {**file, "missing": missing}


# What Redis holds of a tenant: route stamps, counts of limits, whatever else bears its id.


def purge_cache(tenant: Tenant) -> int | None:
    """Delete every key that bears the tenant's id or one of its names; return how many.

    None without Redis: every key of ours ends by itself.
    """
    domains = [f"aggios:route:host:{domain.domain}" for domain in tenant.domains.all()]
    try:
        redis = get_redis_connection("default")
        keys = set(domains)
        for text in (str(tenant.pk), tenant.pk.hex, tenant.schema_name):
            keys |= {key.decode() for key in redis.scan_iter(match=f"*{text}*", count=1000)}
        return int(redis.delete(*keys)) if keys else 0
    except RedisError:
        log.warning("cache_not_purged", extra={"tenant_id": str(tenant.pk)})
        return None
