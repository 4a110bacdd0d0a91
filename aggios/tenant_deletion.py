"""Deleting a tenant for good.

Four steps, each of which can be repeated: off the air, the schema and its role, the objects, the
tenant's row. The row goes last, so that a run that was cut off can be found and finished by its
slug. Schema names and prefixes are never given out again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from psycopg import sql

from audit.services import SYSTEM, Actor, record
from core.database.scope import PUBLIC, enter
from files.purging import Holdings, holdings, purge_objects
from tenants.database.migrating import drop_schema
from tenants.database.owner import owner_connection
from tenants.models import Tenant
from tenants.routing import forget
from tenants.services import mark_deleting, target_of

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a tenant consists of."""

    rows: dict[str, int]
    held: Holdings


def take_inventory(tenant: Tenant) -> Inventory:
    """Count a tenant's rows by table and its objects. Raises StorageUnavailable."""
    return Inventory(_rows_of(tenant.schema_name), holdings(tenant.object_prefix))


def _rows_of(schema: str) -> dict[str, int]:
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename", [schema]
        )
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            where = sql.Identifier(schema, table)
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(where))
            counts[table] = cursor.fetchone()[0]
    return counts


def delete(tenant: Tenant, *, report: Report, actor: Actor = SYSTEM) -> None:
    """Delete everything of a tenant. Raises StorageUnavailable; run it again then."""
    mark_deleting(tenant.pk, actor=actor)
    report("off the air")
    drop_schema(tenant.schema_name)
    report(f"schema and role {tenant.schema_name} dropped")
    purge_objects(tenant.object_prefix, lambda count: report(f"{count} objects deleted"))
    with enter(PUBLIC), transaction.atomic():
        record("tenant.deleted", actor=actor, target=target_of(tenant), subdomain=tenant.slug)
        forget(tenant)
        Tenant.objects.filter(pk=tenant.pk).delete()
    report("tenant and domains deleted")
