"""Database sessions of the owner outside of Django, for COPY and long snapshots.

Names are always qualified with the schema, so no search path is needed.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.conf import settings

from operations.errors import TenantBusyError
from tenants.schemas.owner import OWNER_ALIAS, owner_connection

OwnerSession = psycopg.Connection[tuple[Any, ...]]
# The output of COPY must not depend on the server's configuration.
SESSION_SETTINGS = (
    "SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; SET intervalstyle = 'postgres';"
    "SET bytea_output = 'hex'; SET extra_float_digits = 1; SET search_path = pg_catalog;"
    "SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0"
)


@contextmanager
def owner_session() -> Iterator[OwnerSession]:
    """Open a session of the owner in autocommit; it is closed at the end.

    Raises: CommandError if the owner's login is not configured.
    """
    owner_connection()
    database = settings.DATABASES[OWNER_ALIAS]
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"],
        user=database["USER"],
        password=database["PASSWORD"],
        dbname=database["NAME"],
        client_encoding="UTF8",
        autocommit=True,
        **database["OPTIONS"],
    ) as session:
        session.execute(SESSION_SETTINGS)
        yield session


@contextmanager
def tenant_operation_lock(tenant_id: uuid.UUID) -> Iterator[None]:
    """Allow one purge, restore or clone of a tenant at a time.

    The lock ends with this process.

    Raises: TenantBusyError.
    """
    with owner_session() as session:
        query = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        row = session.execute(query, [f"aggios:tenant:{tenant_id}"]).fetchone()
        if not row or not row[0]:
            raise TenantBusyError("Another run is at work on this tenant.")
        yield
