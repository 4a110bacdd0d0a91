"""Ownership and memberships in PostgreSQL's catalogues: roles have no more than they need."""

import pytest
from django.conf import settings
from django.db import connection

from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import TenantRef, tenant_context

LOGIN = settings.DATABASES["default"]["USER"]
OWNER = settings.DATABASES["owner"]["USER"]
TENANT_ROLE = "^t_[0-9a-f]{32}$"
# pg_shdepend has the owner of every object of every type in every database.
OWNED = """
SELECT r.rolname, count(*) FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'o' GROUP BY 1
"""
MEMBERSHIPS = """
SELECT pg_get_userbyid(roleid), pg_get_userbyid(member), admin_option, inherit_option, set_option
FROM pg_auth_members
"""
PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER, MAINTAIN"
REACHED_TABLES = f"""
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname !~ '^(pg_|information_schema)'
  AND (has_table_privilege(%(role)s, c.oid, '{PRIVILEGES}')
       OR has_any_column_privilege(%(role)s, c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))
"""
REACHED_SCHEMAS = """
SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'
  AND has_schema_privilege(%s, oid, %s)
"""


def rows(superuser, query: str, values=None) -> list[tuple]:
    return superuser.execute(query, values).fetchall()


def test_owner_owns_all_objects(superuser, one: TenantRef):
    owners = dict(rows(superuser, OWNED))

    assert owners[OWNER] > 0
    assert LOGIN not in owners
    assert [name for name in owners if name.startswith("t_")] == []


def test_login_can_set_tenant_roles_without_inheriting(superuser, one, two):
    mine = [row for row in rows(superuser, MEMBERSHIPS) if row[1] == LOGIN]
    query = "SELECT rolname FROM pg_roles WHERE rolname ~ %s"
    tenants = {name for (name,) in rows(superuser, query, [TENANT_ROLE])}

    assert {one.schema_name, two.schema_name} <= {row[0] for row in mine} <= tenants
    assert {row[2:] for row in mine} == {(False, False, True)}  # no admin, no inherit, set


def test_tenant_role_has_no_memberships(superuser, one: TenantRef):
    rights = "rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    query = f"SELECT DISTINCT {rights} FROM pg_roles WHERE rolname ~ %s"
    memberships = rows(superuser, MEMBERSHIPS)

    assert rows(superuser, query, [TENANT_ROLE]) == [(False,) * 6]
    assert [row for row in memberships if row[1].startswith("t_")] == []
    # The creator of a role may grant it (PostgreSQL, "CREATE ROLE"); that is the owner.
    assert {row[1] for row in memberships if row[0] == one.schema_name} == {LOGIN, OWNER}


def test_owner_has_no_predefined_roles(superuser, committed: None):
    """``pg_read_all_data`` and similar roles would make the tenant roles useless."""
    held = [row[0] for row in rows(superuser, MEMBERSHIPS) if row[1] in (LOGIN, OWNER)]

    assert [name for name in held if name.startswith("pg_")] == []


def test_login_has_privileges_only_in_public(superuser, one: TenantRef):
    tables = [name for (name,) in rows(superuser, REACHED_TABLES, {"role": LOGIN})]
    usable = {name for (name,) in rows(superuser, REACHED_SCHEMAS, [LOGIN, "USAGE"])}

    assert "public.tenants_tenant" in tables
    assert [name for name in tables if not name.startswith("public.")] == []
    assert usable == {"public", "aggios"}
    assert rows(superuser, REACHED_SCHEMAS, [LOGIN, "CREATE"]) == []


def test_tenant_role_has_privileges_only_in_its_schema(superuser, one: TenantRef, two: TenantRef):
    for tenant in (one, two):
        role = tenant.schema_name
        tables = [name for (name,) in rows(superuser, REACHED_TABLES, {"role": role})]

        assert f"{role}.accounts_user" in tables
        assert [name for name in tables if not name.startswith(f"{role}.")] == []
        assert rows(superuser, REACHED_SCHEMAS, [role, "USAGE"]) == [(role,)]
        assert rows(superuser, REACHED_SCHEMAS, [role, "CREATE"]) == []


def test_functions_are_not_executable_by_public(superuser, one: TenantRef):
    query = """
    SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname !~ '^(pg_|information_schema)' AND has_function_privilege(%s, p.oid, 'EXECUTE')
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    """

    assert rows(superuser, query, [one.schema_name]) == []
    assert rows(superuser, query, [LOGIN]) == [("provision_tenant",)]


@pytest.mark.parametrize("catalogue", ["pg_stats", "information_schema.tables"])
def test_tenant_sees_nothing_of_others_in_catalogues(
    superuser, one: TenantRef, two: TenantRef, catalogue: str
):
    """Statistics and columns of other tenants are hidden; names of schemas are not."""
    superuser.execute(f'ANALYZE "{two.schema_name}".accounts_user')
    column = "schemaname" if catalogue == "pg_stats" else "table_schema"
    with tenant_context(one), connection.cursor() as cursor:
        cursor.execute(f"SELECT DISTINCT {column} FROM {catalogue} WHERE {column} ~ '^(t_|public)'")

        assert {name for (name,) in cursor.fetchall()} <= {one.schema_name}


def test_tenant_does_not_see_statements_of_others(db_one, one: TenantRef, two: TenantRef):
    query = "SELECT query FROM pg_stat_activity WHERE pid = %s"
    with tenant_context(two), db_one.cursor() as cursor:
        cursor.execute("SELECT 'a secret of two'")
        pid = db_one.connection.info.backend_pid
    with tenant_context(one), connection.cursor() as cursor:
        cursor.execute(query, [pid])
        assert cursor.fetchone() == ("<insufficient privilege>",)
    with use_scope(PUBLIC), connection.cursor() as cursor:  # its own statements, all of them
        cursor.execute(query, [pid])
        assert cursor.fetchone() == ("SELECT 'a secret of two'",)
