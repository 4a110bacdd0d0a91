"""Detects changes of a tenant: its rows, its rows in public tables, its objects."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from files.storage.client import client
from operations.isolation.change_recorder import Change, ChangeRecorder
from operations.isolation.expected_changes import is_expected, is_migration
from tenants.context import TenantRef
from tenants.schemas.owner import OWNER_ALIAS, owner_connection

# Commands change these rows only for tenants named as arguments, so every change counts. Triggers
# on shared tables would make other tenants wait for a lock.
PUBLIC_TABLES = {"tenants_tenant": "id", "tenants_domain": "tenant_id"}
TenantState = dict[str, str]


class ChangeMonitor:
    """Observes one tenant with a database connection of the owner."""

    def __init__(self, tenant: TenantRef) -> None:
        owner_connection()  # raises CommandError without the owner's login
        self._tenant = tenant
        # Not Django's own connection, which is closed after each request.
        self._connection: Any = connections.create_connection(OWNER_ALIAS)
        self._recording = ChangeRecorder(self._connection, tenant.schema_name)
        self._recording.begin()
        self.tables = self._recording.tables
        self._previous = self._in_public() | self._objects()

    def changes(self) -> list[str]:
        """Return the changes since the last call, without expected ones.

        Raises: errors of botocore.
        """
        return [*self._unexpected_writes(), *self._changed_state()]

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _unexpected_writes(self) -> list[str]:
        written = self._recording.take()
        changes: dict[str, Change] = {}
        for change in written:
            if not is_expected(change):
                changes.setdefault(change.table, change)
        lines = [f"{table} was changed: {change}" for table, change in changes.items()]
        if not any(is_migration(change) for change in written):
            lines += [f"{name} is no longer watched" for name in self._recording.unrecorded()]
        return lines

    def _changed_state(self) -> list[str]:
        current = self._in_public() | self._objects()
        names = current.keys() | self._previous.keys()
        changes = sorted(name for name in names if current.get(name) != self._previous.get(name))
        self._previous = current
        return [f"{name} was changed" for name in changes]

    def _in_public(self) -> TenantState:
        changes: TenantState = {}
        for table, column in PUBLIC_TABLES.items():
            query = sql.SQL("SELECT to_jsonb(t)::text FROM {} t WHERE {} = %s ORDER BY id").format(
                sql.Identifier("public", table), sql.Identifier(column)
            )
            with use_scope(PUBLIC), self._connection.cursor() as cursor:
                cursor.execute(query, [str(self._tenant.id)])
                changes[f"public.{table}"] = "\n".join(text for (text,) in cursor.fetchall())
        return changes

    def _objects(self) -> TenantState:
        where = {"Bucket": settings.S3_BUCKET, "Prefix": f"{self._tenant.object_prefix}/"}
        pages = client().get_paginator("list_objects_v2").paginate(**where)
        changes = (item for page in pages for item in page.get("Contents", []))
        return {f"object {item['Key']}": f"{item['ETag']} {item['Size']}" for item in changes}
