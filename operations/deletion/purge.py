"""Purges one tenant; an interrupted purge is finished by the next run.

The steps are: export, stop serving, inventory, schema and role, objects, cache, and last the
tenant's row together with the certificate. Nothing is deleted before the inventory is in the
platform's audit trail, so an interrupted run still ends in a complete certificate. Schema names and
prefixes are never used again.
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
from operations.archives.export import ExportResult
from operations.archives.loader import drop_temporary_schemas
from operations.archives.progress import NO_PROGRESS, ProgressCallbacks
from operations.deletion.certificates import create_certificate, take_inventory
from operations.deletion.export import export_again, export_before_purge
from operations.errors import PurgeNotDueError
from operations.owner_session import tenant_operation_lock
from tenants.context import tenant_target
from tenants.fleet.records import clear_details
from tenants.lifecycle import mark_deleting
from tenants.models import DeletionCertificate, Tenant
from tenants.queries import lock_tenant
from tenants.routing import invalidate_route
from tenants.schemas.drop import drop_schema_in_batches
from tenants.schemas.schema_state import ProgressCallback

INVENTORY_ACTION = "tenant.inventory_taken"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PurgeOptions:
    """Actor, export folder, and callbacks for progress."""

    actor: Actor
    folder: Path | None = None
    export: bool = True
    report: ProgressCallback = lambda line: None
    watch: ProgressCallbacks = NO_PROGRESS


def purge_tenant(tenant: Tenant, options: PurgeOptions) -> DeletionCertificate:
    """Delete all data of a tenant whose deletion is due; return the certificate.

    Run it again after an error.

    Raises: PurgeNotDueError when the deletion was cancelled, TenantBusyError, ArchiveError when the
    export fails, StorageUnavailable.
    """
    with tenant_operation_lock(tenant.pk):
        current = _current_tenant(tenant)
        inventory = _recorded_inventory(current) or _begin(current, options)
        dropped = _remove_data(current, options.report)
        return _finish(current, inventory, dropped, options.actor)


def _current_tenant(tenant: Tenant) -> Tenant:
    """Read the tenant again: another run may have begun or finished its purge.

    Raises: PurgeNotDueError, also when the deletion was cancelled.
    """
    with use_scope(PUBLIC):
        current: Tenant | None = (
            Tenant.objects.prefetch_related("domains").filter(pk=tenant.pk).first()
        )
    if current is None:
        raise PurgeNotDueError("It was purged meanwhile.")
    is_other_request = current.deletion_requested_at != tenant.deletion_requested_at
    if current.status != Tenant.Status.DELETING and is_other_request:
        raise PurgeNotDueError("Its deletion was called off, or its day has not come.")
    return current


def _recorded_inventory(tenant: Tenant) -> dict[str, Any] | None:
    """Return the inventory that an interrupted run recorded, if there is one."""
    if tenant.status != Tenant.Status.DELETING:
        return None
    with use_scope(PUBLIC):
        events = AuditEvent.objects.filter(action=INVENTORY_ACTION, target_id=str(tenant.pk))
        event = events.order_by("-at").first()
    return dict(event.details) if event else None


def _begin(tenant: Tenant, options: PurgeOptions) -> dict[str, Any]:
    """Export the tenant, stop serving it, and record its inventory."""
    exported = export_before_purge(tenant, options) if options.export else None
    stop_serving(tenant, actor=options.actor)
    options.report("no longer served")
    inventory = take_inventory(tenant)
    if exported is not None and not inventory.is_in(exported):
        # A request in progress has written since the export; from now on no request can.
        exported = export_again(tenant, exported, options)
        inventory = take_inventory(tenant)
    found = {**inventory.as_json(), "export": _export_document(exported)}
    with use_scope(PUBLIC), transaction.atomic():
        record(INVENTORY_ACTION, actor=options.actor, target=tenant_target(tenant), **found)
    return found


def stop_serving(tenant: Tenant, *, actor: Actor) -> None:
    """Begin the purge unless the deletion was cancelled after ``tenant`` was read.

    A concurrent cancellation waits for the row lock or finds the purge begun.

    Raises: PurgeNotDueError.
    """
    with use_scope(PUBLIC), transaction.atomic():
        current = lock_tenant(tenant.pk)
        if current.status != Tenant.Status.DELETING:
            is_due = (
                current.deletion_due_at is not None and current.deletion_due_at <= timezone.now()
            )
            if not is_due or current.deletion_requested_at != tenant.deletion_requested_at:
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
    tenant: Tenant, inventory: dict[str, Any], dropped: dict[str, Any], actor: Actor
) -> DeletionCertificate:
    with use_scope(PUBLIC), transaction.atomic():
        current = lock_tenant(tenant.pk)
        certificate = create_certificate(
            current, inventory=inventory, dropped=dropped, actor=actor, at=timezone.now()
        )
        details = {"subdomain": current.slug, "certificate": str(certificate.pk)}
        record(
            "tenant.deleted",
            actor=actor,
            target=tenant_target(current),
            **details,
            digest=certificate.digest,
        )
        invalidate_route(current)
        Tenant.objects.filter(pk=current.pk).delete()
    return certificate


def _export_document(exported: ExportResult | None) -> dict[str, Any] | None:
    if exported is None:
        return None
    missing = len(exported.manifest.missing)
    file = {"file": str(exported.path), "size": exported.size, "sha256": exported.sha256}
    return {**file, "missing": missing}


def purge_cache(tenant: Tenant) -> int | None:
    """Delete every Redis key with the tenant's id or one of its names; return their number.

    Return None if Redis is unavailable: the keys expire.
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
