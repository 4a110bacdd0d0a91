"""Removal of incomplete tenants from the shared database, after tests that damage them."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
from django.db import connections
from psycopg import sql

from tenants.fleet.pending import outdated_schemas
from tests import stack
from tests.support.tenants.pg_catalog import orphaned_schemas_and_roles

# Tenants that are in maintenance, are or will be purged, or lack tables or migrations. A suspended
# one is complete: tests/support/pages/page_objects.py has one that all tests share.
INCOMPLETE_TENANTS = """
    SELECT id, schema_name FROM tenants_tenant
    WHERE status = 'deleting' OR maintenance <> '' OR deletion_due_at IS NOT NULL
       OR schema_name = ANY(%s)
"""


def close_broken_connections() -> None:
    """Close connections that a test has broken: some stop servers and end backends."""
    for wrapper in connections.all(initialized_only=True):
        if wrapper.connection is not None and not wrapper.is_usable():
            wrapper.close()


@contextmanager
def cleaned_up() -> Iterator[None]:
    """Run the block, then ``clean_up``."""
    yield
    clean_up()


def clean_up() -> None:
    """Remove incomplete tenants, and schemas and roles that belong to no tenant."""
    url = urlsplit(stack.env["DATABASE_SUPERUSER_URL"])._replace(path="/aggios").geturl()
    with psycopg.connect(url, autocommit=True) as superuser:
        known = superuser.execute("SELECT schema_name FROM tenants_tenant").fetchall()
        late = outdated_schemas([schema for (schema,) in known])
        for tenant_id, schema in superuser.execute(INCOMPLETE_TENANTS, [late]).fetchall():
            superuser.execute("DELETE FROM tenants_requestcount WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_dailyusage WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_usage WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_supportaccess WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_trailhead WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_domain WHERE tenant_id = %s", [tenant_id])
            superuser.execute("DELETE FROM tenants_tenant WHERE id = %s", [tenant_id])
            _drop(superuser, schema)
        schemas, roles = orphaned_schemas_and_roles(superuser)
        for name in sorted(schemas | roles):
            _drop(superuser, name)


def _drop(superuser: psycopg.Connection, name: str) -> None:
    known = superuser.execute("SELECT FROM tenants_tenant WHERE schema_name = %s", [name])
    if known.fetchone() is not None:
        return  # a role of a tenant that lacks its schema is that tenant's
    superuser.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(name)))
    role = sql.Identifier(name)
    if superuser.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None:
        superuser.execute(sql.SQL("DROP OWNED BY {}").format(role))
        superuser.execute(sql.SQL("DROP ROLE {}").format(role))
