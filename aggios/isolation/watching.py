"""Noticing a change in a tenant: digests of its rows, of its place in public, of its objects."""

from typing import Any

from django.conf import settings
from django.db import connections
from psycopg import sql

from core.database.scope import PUBLIC, enter
from files.objects.store import client
from tenants.database.owner import ALIAS, owner_connection
from tenants.refs import TenantRef

DIGEST = sql.SQL(
    "SELECT {label}, md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), '')) "
    "FROM {table} t WHERE {condition}"
)
# What anybody may add from outside, without a credential: the record of a log-in that was refused,
# with its link of the chain, and the letter to whoever forgot a password, with the link in it.
# Rows of this kind are left out of the comparison; all others must stay as they are.
OPEN_TO_EVERYBODY = {
    "accounts_letter": "kind <> 'password_reset'",
    "accounts_maillink": "purpose <> 'reset'",
    "audit_auditevent": "actor_type <> 'anonymous'",
    "audit_auditlink": "false",
}
IN_PUBLIC = {"tenants_tenant": "id", "tenants_domain": "tenant_id"}
State = dict[str, str]


class Watch:
    """One tenant under observation, through the owner's login and on a connection of its own."""

    def __init__(self, tenant: TenantRef) -> None:
        owner_connection()  # raises CommandError without the owner's login
        self._tenant = tenant
        # Not the shared one, which Django closes with each request.
        self._connection: Any = connections.create_connection(ALIAS)
        self.tables = self._tables()
        self._query = sql.SQL(" UNION ALL ").join([*self._of_tenant(), *self._of_public()])
        self._last = self._rows() | self._objects()

    def changes(self) -> list[str]:
        """Return what has changed since it was last asked. Raises botocore's errors."""
        now = self._rows() | self._objects()
        names = now.keys() | self._last.keys()
        found = sorted(name for name in names if now.get(name) != self._last.get(name))
        self._last = now
        return found

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def _run(self, query: Any, parameters: list[Any] | None = None) -> list[Any]:
        with enter(PUBLIC), self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            rows: list[Any] = cursor.fetchall()
            return rows

    def _tables(self) -> list[str]:
        query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY tablename"
        return [name for (name,) in self._run(query, [self._tenant.schema_name])]

    def _of_tenant(self) -> list[sql.Composable]:
        return [
            DIGEST.format(
                label=sql.Literal(name),
                table=sql.Identifier(self._tenant.schema_name, name),
                condition=sql.SQL(OPEN_TO_EVERYBODY.get(name, "true")),
            )
            for name in self.tables
        ]

    def _of_public(self) -> list[sql.Composable]:
        return [
            DIGEST.format(
                label=sql.Literal(f"public.{table}"),
                table=sql.Identifier("public", table),
                condition=sql.SQL("{} = {}").format(
                    sql.Identifier(column), sql.Literal(str(self._tenant.id))
                ),
            )
            for table, column in IN_PUBLIC.items()
        ]

    def _rows(self) -> State:
        return dict(self._run(self._query))

    def _objects(self) -> State:
        where = {"Bucket": settings.S3_BUCKET, "Prefix": f"{self._tenant.object_prefix}/"}
        pages = client().get_paginator("list_objects_v2").paginate(**where)
        found = (item for page in pages for item in page.get("Contents", []))
        return {f"object {item['Key']}": f"{item['ETag']} {item['Size']}" for item in found}
