"""Tenants as the staff API shows them, and the tags that tell two versions of one apart."""

from dataclasses import asdict
from typing import Any

from core.http.conditional import etag_of_document
from core.text.formatting import timestamp, timestamp_or_none
from tenants.hosts import site_url
from tenants.limits import limit_overrides, limits_from
from tenants.models import Tenant
from tenants.serializers import serialize_domain, serialize_usage


def serialize_tenant(tenant: Tenant) -> dict[str, Any]:
    """Return a tenant whose domains and usage are loaded."""
    slug, usage = tenant.slug, getattr(tenant, "usage", None)
    return {
        "id": str(tenant.id),
        "name": tenant.name,
        "subdomain": slug,
        "url": site_url(slug) if slug else "",
        "domains": [serialize_domain(domain) for domain in tenant.domains.all()],
        "status": tenant.status,
        "suspended_reason": tenant.suspended_reason,
        "registration": tenant.registration,
        "maintenance": _maintenance(tenant),
        "deletion_requested_at": timestamp_or_none(tenant.deletion_requested_at),
        "deletion_due_at": timestamp_or_none(tenant.deletion_due_at),
        "export_before_deletion": tenant.export_before_deletion,
        "key_version": tenant.key_version,
        "cloned_from": str(tenant.cloned_from) if tenant.cloned_from else None,
        "limits": limit_overrides(tenant.limits),
        "effective_limits": asdict(limits_from(tenant.limits)),
        "usage": serialize_usage(usage) if usage else None,
        "created_at": timestamp(tenant.created_at),
        "updated_at": timestamp(tenant.updated_at),
    }


def tenant_etag(tenant: Tenant) -> str:
    """Return the entity tag of a tenant as shown, domains and usage included."""
    return etag_of_document(serialize_tenant(tenant))


def _maintenance(tenant: Tenant) -> dict[str, Any] | None:
    if not tenant.maintenance:
        return None
    return {
        "reason": tenant.maintenance,
        "since": timestamp_or_none(tenant.maintenance_since),
        "note": tenant.maintenance_note,
    }
