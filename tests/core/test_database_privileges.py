"""Privileges of the database roles, whatever the application asks for."""

import pytest
from django.db import ProgrammingError, connection, transaction
from psycopg import errors

from audit.services import SYSTEM, record
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef, tenant_context


def refused(sql: str, *, by: type[Exception] = errors.InsufficientPrivilege) -> None:
    """Run a statement and assert that PostgreSQL refuses it."""
    with (
        pytest.raises(ProgrammingError) as caught,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert isinstance(caught.value.__cause__, by), caught.value


VERBS = [
    "SELECT * FROM {table}",
    "INSERT INTO {table} DEFAULT VALUES",
    "UPDATE {table} SET id = id",
    "SELECT FROM {table} FOR UPDATE",
    "LOCK TABLE {table}",
    "DELETE FROM {table}",
    "TRUNCATE {table}",
    "COPY {table} TO STDOUT",
]
PUBLIC_TABLES = [
    "tenants_tenant",
    "tenants_domain",
    "tenants_supportaccess",
    "tenants_tenantlistrequest",
    "staff_staffuser",
    "audit_auditevent",
]


def tables_of(schema: str, superuser) -> list[str]:
    query = "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = %s"
    return [f"{schema}.{name}" for (name,) in superuser.execute(query, [schema]).fetchall()]


@pytest.mark.parametrize("verb", VERBS)
def test_tables_of_another_tenant_are_refused(superuser, one: TenantRef, two: TenantRef, verb: str):
    tables = tables_of(two.schema_name, superuser)
    assert f"{two.schema_name}.accounts_user" in tables
    with tenant_context(one):
        for table in tables:
            refused(verb.format(table=table))


@pytest.mark.parametrize("verb", VERBS)
def test_tenant_tables_without_tenant_are_refused(superuser, one: TenantRef, verb: str):
    with use_scope(PUBLIC):
        for table in tables_of(one.schema_name, superuser):
            refused(verb.format(table=table))


@pytest.mark.parametrize("table", [*PUBLIC_TABLES, "django_migrations", "django_content_type"])
def test_public_tables_inside_tenant_are_refused(one: TenantRef, table: str):
    with tenant_context(one):
        refused(f"SELECT * FROM public.{table}")


DEFINITIONS = [
    "CREATE TABLE {schema}.x (id int)",
    "CREATE TABLE pg_temp.x (id int)",
    "CREATE TABLE aggios.x (id int)",
    "CREATE SEQUENCE {schema}.x",
    "CREATE TYPE {schema}.x AS ENUM ('a')",
    "ALTER TABLE {schema}.{table} OWNER TO aggios_app",
    "ALTER TABLE {schema}.{table} RENAME TO x",
    "ALTER SCHEMA {schema} RENAME TO x",
    "COMMENT ON TABLE {schema}.{table} IS 'x'",
    "CREATE RULE x AS ON INSERT TO {schema}.{table} DO INSTEAD NOTHING",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "CREATE VIEW {schema}.x AS SELECT 1",
    "CREATE FUNCTION {schema}.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE {schema}.{table} ADD COLUMN x int",
    "ALTER TABLE {schema}.{table} DISABLE TRIGGER ALL",
    "DROP TABLE {schema}.{table}",
    "CREATE INDEX ON {schema}.{table} (id)",
    "TRUNCATE {schema}.{table}",
    "DROP SCHEMA {schema} CASCADE",
]


@pytest.mark.parametrize("sql", DEFINITIONS)
def test_ddl_inside_tenant_is_refused(one: TenantRef, sql: str):
    with tenant_context(one):
        refused(sql.format(schema=one.schema_name, table="accounts_user"))


@pytest.mark.parametrize("sql", DEFINITIONS)
def test_ddl_in_public_is_refused(committed: None, sql: str):
    with use_scope(PUBLIC):
        refused(sql.format(schema="public", table="tenants_tenant"))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE ROLE mine",
        "SET ROLE aggios_owner",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER ROLE aggios_app INHERIT",
        "ALTER DATABASE aggios SET work_mem = '1GB'",
        "CREATE EXTENSION dblink",
        "CREATE PUBLICATION mine",
        "DROP FUNCTION aggios.provision_tenant(text)",
        "DELETE FROM aggios.tenant_template",
        "TRUNCATE aggios.tenant_template",
        "SELECT * FROM aggios.tenant_template",
        "UPDATE aggios.tenant_template SET ddl = ''",
        "CREATE OR REPLACE FUNCTION aggios.provision_tenant(text) RETURNS void LANGUAGE sql AS ''",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
    ],
)
def test_administrative_statements_of_login_are_refused(committed: None, sql: str):
    with use_scope(PUBLIC):
        refused(sql)


@pytest.mark.parametrize("sql", ["UPDATE {} SET action = 'x'", "DELETE FROM {}", "TRUNCATE {}"])
def test_audit_events_can_only_be_inserted(one: TenantRef, sql: str):
    with tenant_context(one):
        record("test.kept", actor=SYSTEM)
        refused(sql.format("audit_auditevent"))
    with use_scope(PUBLIC):
        record("test.kept", actor=SYSTEM)
        refused(sql.format("audit_auditevent"))


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO django_migrations (app, name, applied) VALUES ('a', 'b', now())",
        "UPDATE django_migrations SET name = name",
        "DELETE FROM django_migrations",
    ],
)
def test_migration_history_cannot_be_written(one: TenantRef, sql: str):
    with tenant_context(one):
        refused(sql)
    with use_scope(PUBLIC):
        refused(sql)


def test_tenant_role_cannot_provision_tenants(one: TenantRef):
    with tenant_context(one):
        refused("SELECT aggios.provision_tenant('t_' || repeat('a', 32))")


@pytest.mark.parametrize(
    "sql",
    [
        "GRANT {one} TO {two}",
        "GRANT {one} TO aggios_app WITH INHERIT TRUE",
        "ALTER ROLE {one} LOGIN",
        "ALTER ROLE {two} RENAME TO t_x",
        "DROP ROLE {one}",
        "REVOKE {one} FROM aggios_app",
    ],
)
def test_login_cannot_alter_tenant_role(one: TenantRef, two: TenantRef, sql: str):
    statement = sql.format(one=one.schema_name, two=two.schema_name)
    with use_scope(PUBLIC):
        refused(statement)
    with tenant_context(one):
        refused(statement)


def test_privileges_cannot_be_granted_further(one: TenantRef):
    """PostgreSQL sends a warning and changes nothing."""
    table = f"{one.schema_name}.accounts_user"
    with tenant_context(one), connection.cursor() as cursor:
        cursor.execute(f"GRANT SELECT ON {table} TO PUBLIC")
        cursor.execute("SELECT relacl::text FROM pg_class WHERE oid = %s::regclass", [table])
        assert ",=" not in cursor.fetchone()[0]


def test_logins_have_minimal_attributes(superuser):
    """Two safeguards: no grant is inheritable, and the login does not inherit."""
    rights = "rolsuper, rolbypassrls, rolcreatedb, rolreplication, rolcreaterole, rolinherit"
    rows = superuser.execute(
        f"SELECT rolname, ARRAY[{rights}] FROM pg_roles WHERE rolname LIKE 'aggios%'"
    )

    assert dict(rows.fetchall()) == {
        "aggios_app": [False] * 6,
        "aggios_owner": [False, False, False, False, True, True],
    }
