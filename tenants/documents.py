"""Names and usage of a tenant as the APIs show them, to staff and to the tenant's own people."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from core.http.conditional import etag_of_document
from core.text.formatting import timestamp, timestamp_or_none
from tenants.domains.dns_proof import proof_record
from tenants.hosts import tenant_host
from tenants.models import Domain, Usage


def serialize_domain(domain: Domain) -> dict[str, Any]:
    """Return one name of a tenant, with the record that proves it if it is a custom domain."""
    return {
        **serialize_domain_summary(domain),
        "checked_at": timestamp_or_none(domain.checked_at),
        "check_result": domain.check_result,
        "proof": None if domain.is_label else asdict(proof_record(domain)),
    }


def domain_etag(domain: Domain) -> str:
    """Return the entity tag of a name as shown."""
    return etag_of_document(serialize_domain(domain))


def serialize_domain_summary(domain: Domain) -> dict[str, Any]:
    """Return one name of a tenant without what only its managers need."""
    return {
        "id": str(domain.id),
        "domain": tenant_host(domain.domain) if domain.is_label else domain.domain,
        "kind": domain.kind,
        "is_primary": domain.is_primary,
        "verified_at": timestamp_or_none(domain.verified_at),
        "redirect_until": timestamp_or_none(domain.redirect_until),
    }


def serialize_usage(usage: Usage) -> dict[str, Any]:
    """Return what a tenant held when it was last measured."""
    return {
        "rows": usage.rows,
        "database_bytes": usage.database_bytes,
        "objects": usage.objects_held,
        "object_bytes": usage.object_bytes,
        "measured_at": timestamp(usage.measured_at),
    }


def serialize_request_counts(by_day: dict[str, int]) -> dict[str, Any]:
    """Return counts of requests by day (UTC) with their sums."""
    return {
        "today": by_day.get(datetime.now(UTC).date().isoformat(), 0),
        "last_30_days": sum(by_day.values()),
        "days": [{"day": day, "count": count} for day, count in by_day.items()],
    }
