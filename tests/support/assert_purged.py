"""Holding that nothing is left of a tenant."""

from django.db import connection
from django_redis import get_redis_connection

from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.client import client
from tenants.models import Domain, Tenant
from tests import stack
from tests.support.factories import Agency
from tests.support.files.bucket import keys_under, noncurrent_under


def schema_and_role_exist(schema: str) -> tuple[bool, bool]:
    """Tell whether a schema and a role of that name are there."""
    with use_scope(PUBLIC), connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %s),"
            " EXISTS (SELECT FROM pg_roles WHERE rolname = %s)",
            [schema, schema],
        )
        schema_is_there, role_is_there = cursor.fetchone()
    return schema_is_there, role_is_there


def redis_keys(tenant: Tenant) -> list[bytes]:
    """Return the keys that bear the tenant's id."""
    redis = get_redis_connection("default")
    found = [
        key
        for text in (tenant.pk, tenant.pk.hex, tenant.schema_name)
        for key in redis.scan_iter(f"*{text}*")
    ]
    return [key for key in found if redis.exists(key)]


def assert_purged(agency: Agency, tenant: Tenant) -> None:
    """Look into the database, the store, Redis, the record, and ask the site."""
    assert not Tenant.objects.filter(pk=tenant.pk).exists()
    assert not Domain.objects.filter(domain=agency.slug).exists()
    assert schema_and_role_exist(tenant.schema_name) == (False, False)
    assert keys_under(f"{tenant.object_prefix}/") == set()
    pages = client().list_multipart_uploads(
        Bucket=stack.env["S3_BUCKET"], Prefix=f"{tenant.object_prefix}/"
    )
    assert "Uploads" not in pages
    assert noncurrent_under(f"{tenant.object_prefix}/") == []
    assert redis_keys(tenant) == []
    assert agency.host.get("/api/users/me").json()["code"] == "tenant_not_found"
    actions = AuditEvent.objects.filter(target_id=str(tenant.pk)).values_list("action", flat=True)
    assert {"tenant.deletion_started", "tenant.deleted"} <= set(actions)
