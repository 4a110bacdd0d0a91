"""Noticing a change in a tenant: writes to its rows, its place in public, its objects."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from files.storage.client import client
from operations.isolation.change_recorder import Change, ChangeRecorder
from operations.isolation.expected_changes import is_expected, is_migration
from tenants.refs import TenantRef
from tenants.schemas.owner import OWNER_ALIAS, owner_connection

# No command changes these for a tenant that it was not called for by name, so that every change
# counts. Triggers on tables of all tenants would make customers wait for a lock.
PUBLIC_TABLES = {"tenants_tenant": "id", "tenants_domain": "tenant_id"}
TenantState = dict[str, str]


class ChangeMonitor:
    """One tenant under observation, through the owner's login and on a connection of its own."""

    def __init__(self, tenant: TenantRef) -> None:
        owner_connection()  # raises CommandError without the owner's login
        self._tenant = tenant
        # Not the shared one, which Django closes with each request.
        self._connection: Any = connections.create_connection(OWNER_ALIAS)
        self._recording = ChangeRecorder(self._connection, tenant.schema_name)
        self._recording.begin()
        self.tables = self._recording.tables
        self._last = self._in_public() | self._objects()

    def changes(self) -> list[str]:
        """Return what has changed since it was last asked, but for what the platform does.

        Raises botocore's errors.
        """
        return [*self._written(), *self._altered()]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _written(self) -> list[str]:
        written = self._recording.take()
        found: dict[str, Change] = {}
        for change in written:
            if not is_expected(change):
                found.setdefault(change.table, change)
        lines = [f"{table} was changed: {change}" for table, change in found.items()]
        if not any(is_migration(change) for change in written):
            lines += [f"{name} is no longer watched" for name in self._recording.unrecorded()]
        return lines

    def _altered(self) -> list[str]:
        now = self._in_public() | self._objects()
        names = now.keys() | self._last.keys()
        found = sorted(name for name in names if now.get(name) != self._last.get(name))
        self._last = now
        return [f"{name} was changed" for name in found]

    def _in_public(self) -> TenantState:
        found: TenantState = {}
        for table, column in PUBLIC_TABLES.items():
            query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE {} = %s ORDER BY id").format(
                sql.Identifier("public", table), sql.Identifier(column)
            )
            with use_scope(PUBLIC), self._connection.cursor() as cursor:
                cursor.execute(query, [str(self._tenant.id)])
                found[f"public.{table}"] = "\n".join(text for (text,) in cursor.fetchall())
        return found

    def _objects(self) -> TenantState:
        where = {"Bucket": settings.S3_BUCKET, "Prefix": f"{self._tenant.object_prefix}/"}
        pages = client().get_paginator("list_objects_v2").paginate(**where)
        found = (item for page in pages for item in page.get("Contents", []))
        return {f"object {item['Key']}": f"{item['ETag']} {item['Size']}" for item in found}
