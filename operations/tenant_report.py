"""What an operator wants to know of one tenant, as a document: state, people, limits, usage."""

from dataclasses import asdict
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import Count, Q
from django.utils import timezone

from accounts.models import Letter, Session, User
from accounts.sessions.expiry import active_sessions_q
from accounts.users.queries import existing_users
from core.text.normalization import timestamp, timestamp_or_none
from files.quota import usage_and_limits
from tenants.context import limit_overrides, limits_from, ref_of, tenant_context
from tenants.domains.reports import domain_report
from tenants.domains.services import domains_of
from tenants.models import Tenant
from tenants.routing import site_url
from tenants.serializers import serialize_usage
from tenants.states import tenant_state
from tenants.usage import last_usage, requests_by_day

# The history of a schema is in the order of its ids: several rows can have the same time.
LAST_MIGRATION_QUERY = "SELECT app, name, applied FROM django_migrations ORDER BY id DESC LIMIT 1"


def tenant_report(tenant: Tenant) -> dict[str, Any]:
    """Return the report on a tenant.

    ``inside`` is what its own schema tells. It is None, with the reason in ``inside_error``, for a
    schema that cannot be read: it is being deleted, or its migration failed.
    """
    inside, error = _inside(tenant)
    return {
        **_outside(tenant),
        "inside": inside,
        "inside_error": error,
    }


def _outside(tenant: Tenant) -> dict[str, Any]:
    usage, slug = last_usage(tenant.pk), tenant.slug
    return {
        "id": str(tenant.id),
        "subdomain": slug,
        "name": tenant.name,
        "url": site_url(slug) if slug else "",
        "state": tenant_state(tenant).value,
        "status": tenant.status,
        "suspended_reason": tenant.suspended_reason,
        "maintenance": tenant.maintenance,
        "maintenance_since": timestamp_or_none(tenant.maintenance_since),
        "maintenance_note": tenant.maintenance_note,
        "deletion_due_at": timestamp_or_none(tenant.deletion_due_at),
        "export_before_deletion": tenant.export_before_deletion,
        "registration": tenant.registration,
        "domains": [domain_report(domain) for domain in domains_of(tenant.pk)],
        "limits": {
            "own": limit_overrides(tenant.limits),
            "effective": asdict(limits_from(tenant.limits)),
        },
        "measured": serialize_usage(usage) if usage else None,
        "requests_last_30_days": sum(requests_by_day(tenant.pk).values()),
        "schema": tenant.schema_name,
        "object_prefix": tenant.object_prefix,
        "key_version": tenant.key_version,
        "cloned_from": str(tenant.cloned_from) if tenant.cloned_from else None,
        "created_at": timestamp(tenant.created_at),
    }


def _inside(tenant: Tenant) -> tuple[dict[str, Any] | None, str]:
    try:
        with tenant_context(ref_of(tenant)):
            return _read_schema(), ""
    except DatabaseError as exc:
        return None, str(exc).strip().partition("\n")[0] or type(exc).__name__


def _read_schema() -> dict[str, Any]:
    owners = existing_users().filter(role=User.Role.OWNER, is_active=True).order_by("created_at")
    waiting = Letter.objects.aggregate(
        count=Count("pk"), failed=Count("pk", filter=~Q(last_error=""))
    )
    usage = usage_and_limits()
    return {
        "owners": [{"id": str(user.id), "email": user.email} for user in owners],
        "people": _people(),
        "active_sessions": Session.objects.filter(active_sessions_q(timezone.now())).count(),
        "storage": {name: usage[name] for name in usage if name.startswith(("used", "reserved"))},
        "waiting_emails": waiting["count"],
        "failed_emails": waiting["failed"],
        "last_migration": _last_migration(),
    }


def _people() -> dict[str, dict[str, int]]:
    """Return the numbers of active and inactive users by role, zeros too."""
    rows = existing_users().order_by().values("role")
    counted = rows.annotate(
        active=Count("pk", filter=Q(is_active=True)),
        inactive=Count("pk", filter=Q(is_active=False)),
    )
    found = {row["role"]: {"active": row["active"], "inactive": row["inactive"]} for row in counted}
    return {role: found.get(role, {"active": 0, "inactive": 0}) for role in User.Role.values}


def _last_migration() -> dict[str, str] | None:
    with connection.cursor() as cursor:
        cursor.execute(LAST_MIGRATION_QUERY)
        row = cursor.fetchone()
    if row is None:
        return None
    return {"name": f"{row[0]}.{row[1]}", "applied_at": timestamp(row[2])}
