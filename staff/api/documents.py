"""Tenants as the staff API shows them, and the tags that tell two versions of one apart."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from core.conditional import etag_of
from core.timestamps import timestamp
from tenants.domains.proof import proof_record
from tenants.hosts import site_url, tenant_host
from tenants.models import Domain, Tenant, Usage


def tenant_of(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant whose domains and usage are loaded."""
    slug = tenant.slug
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": slug,
        "url": site_url(slug) if slug else "",
        "domains": [domain_of(domain) for domain in tenant.domains.all()],
        "status": tenant.status,
        "suspended_reason": tenant.suspended_reason,
        "registration": tenant.registration,
        "maintenance": _maintenance(tenant),
        "deletion_requested_at": _time(tenant.deletion_requested_at),
        "deletion_due_at": _time(tenant.deletion_due_at),
        "export_before_deletion": tenant.export_before_deletion,
        "key_version": tenant.key_version,
        "cloned_from": str(tenant.cloned_from) if tenant.cloned_from else None,
        "usage": usage_of(getattr(tenant, "usage", None)),
        "created_at": timestamp(tenant.created_at),
        "updated_at": timestamp(tenant.updated_at),
    }


def domain_of(domain: Domain) -> dict[str, Any]:
    """Return one name of a tenant."""
    return {
        "id": str(domain.id),
        "domain": tenant_host(domain.domain) if domain.is_label else domain.domain,
        "kind": domain.kind,
        "is_primary": domain.is_primary,
        "verified_at": _time(domain.verified_at),
        "redirect_until": _time(domain.redirect_until),
        "checked_at": _time(domain.checked_at),
        "check_result": domain.check_result,
        "proof": None if domain.is_label else asdict(proof_record(domain)),
    }


def usage_of(usage: Usage | None) -> dict[str, Any] | None:
    """Return what a tenant held when it was last measured; None if it never was."""
    if usage is None:
        return None
    return {
        "rows": usage.rows,
        "database_bytes": usage.database_bytes,
        "objects": usage.objects_held,
        "object_bytes": usage.object_bytes,
        "measured_at": timestamp(usage.measured_at),
    }


def tenant_etag(tenant: Tenant) -> str:
    """Return the entity tag of a tenant as shown, domains and usage included."""
    return etag_of(json.dumps(tenant_of(tenant), sort_keys=True))


def _maintenance(tenant: Tenant) -> dict[str, Any] | None:
    if not tenant.maintenance:
        return None
    return {
        "reason": tenant.maintenance,
        "since": _time(tenant.maintenance_since),
        "note": tenant.maintenance_note,
    }


def _time(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None
