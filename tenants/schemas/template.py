"""The template: the SQL text from which the schemas of new tenants are created.

A schema without a tenant is migrated in the normal way and dumped. In the dump the schema and its
role have one name of 34 characters, which is replaced by the tenant's schema name on creation.
"""

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.db import transaction
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope
from tenants.schemas.migrate import migrate_tenant_schema
from tenants.schemas.owner import (
    OWNER_ALIAS,
    create_empty_schema,
    drop_schema,
    owner_connection,
)
from tenants.schemas.schema_state import (
    MigrationKey,
    ProgressCallback,
    migrations_digest,
    tenant_migrations,
)

TEMPLATE_SCHEMA = "t_" + "0" * 32
# Commands of psql, comments and session settings, which do not belong to the schema.
NOT_DDL = re.compile(
    r"--.*|\\(un)?restrict .*|SELECT pg_catalog\.set_config\(.*\);"
    r"|SET (\w+_timeout|client_\w+|standard_conforming_strings|check_function_bodies|xmloption"
    r"|row_security|default_tablespace|default_table_access_method) = .*;"
)


def refresh_template(report: ProgressCallback) -> bool:
    """Rebuild the template unless it has this code's migrations; return whether it was rebuilt."""
    if template_is_current():
        return False
    report("building the template schema")
    drop_schema(TEMPLATE_SCHEMA)
    create_empty_schema(TEMPLATE_SCHEMA)
    migrate_tenant_schema(TEMPLATE_SCHEMA, report)
    _store(migrations_digest(tenant_migrations()), _dump())
    return True


def template_is_current() -> bool:
    """Return whether the stored template has this code's migrations."""
    return _stored_digest() == migrations_digest(tenant_migrations())


def run_template(schema: str, role: str, steps: Iterable[MigrationKey]) -> bool:
    """Create ``schema`` with the tables of the template; ``role`` gets the grants of a tenant.

    Return False, and create nothing, unless the template has exactly the migrations ``steps``.
    """
    digest = migrations_digest(tuple(steps))
    with (
        use_scope(PUBLIC),
        transaction.atomic(using=OWNER_ALIAS),
        owner_connection().cursor() as cursor,
    ):
        # The lock of aggios.provision_tenant: the template is not replaced now.
        cursor.execute(
            "SELECT name, ddl FROM aggios.tenant_template WHERE digest = %s FOR SHARE", [digest]
        )
        row = cursor.fetchone()
        if row is None:
            return False
        name, ddl = row
        # In the dump the grantee is the only name at the end of a statement.
        grantee = f" TO {sql.Identifier(role).as_string()};"
        granted = re.sub(rf" TO {name};$", lambda _: grantee, ddl, flags=re.MULTILINE)
        cursor.execute(granted.replace(name, schema))
    return True


def _stored_digest() -> str:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute("SELECT to_regclass('aggios.tenant_template') IS NOT NULL")
        if not cursor.fetchone()[0]:
            return ""
        cursor.execute("SELECT digest FROM aggios.tenant_template")
        row = cursor.fetchone()
    return row[0] if row else ""


def _store(digest: str, ddl: str) -> None:
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(
            "INSERT INTO aggios.tenant_template (name, digest, ddl) VALUES (%s, %s, %s) "
            "ON CONFLICT (only_row) DO UPDATE SET name = excluded.name, "
            "digest = excluded.digest, ddl = excluded.ddl, created_at = now()",
            [TEMPLATE_SCHEMA, digest, ddl],
        )


def _dump() -> str:
    """Return the template schema as SQL text, rows of django_migrations included."""
    program = str(Path(settings.PG_BIN_DIR) / "pg_dump") if settings.PG_BIN_DIR else "pg_dump"
    arguments = ["--schema", TEMPLATE_SCHEMA, "--no-owner", "--inserts", "--rows-per-insert=1000"]
    try:
        done = subprocess.run(  # noqa: S603 - the program is the operator's setting
            [program, *arguments],
            env=_libpq_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as exc:
        raise CommandError(f"{program} cannot be run ({exc}); set PG_BIN_DIR.") from exc
    if done.returncode:
        raise CommandError(f"pg_dump failed: {done.stderr.strip()}")
    lines = (line for line in done.stdout.splitlines() if not NOT_DDL.fullmatch(line))
    return "\n".join(line for line in lines if line)


def _libpq_environment() -> dict[str, str]:
    """Return the connection parameters as environment: a command line would show the password."""
    database: dict[str, Any] = settings.DATABASES["owner"]
    names = {
        "PGHOST": "HOST",
        "PGPORT": "PORT",
        "PGUSER": "USER",
        "PGPASSWORD": "PASSWORD",
        "PGDATABASE": "NAME",
    }
    return {**os.environ, **{name: str(database[key]) for name, key in names.items()}}
