"""Comparable descriptions of schemas from PostgreSQL's catalogue, without the schema's name."""

from typing import Any

import psycopg

QUERIES = {
    "tables": "SELECT c.relname, c.relkind::text, c.relpersistence::text, r.rolname, "
    "c.relrowsecurity, c.relforcerowsecurity, c.reloptions::text, c.relreplident::text "
    "FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE c.relnamespace = {schema}",
    # Not attnum: a column that was dropped leaves a gap.
    "columns": "SELECT c.relname, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), "
    "a.attname, format_type(a.atttypid, a.atttypmod), "
    "a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attcollation::text "
    "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
    "LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.relnamespace = {schema} AND a.attnum > 0 AND NOT a.attisdropped",
    "constraints": "SELECT conname, contype::text, conrelid::regclass::text, condeferrable, "
    "condeferred, convalidated, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = {schema}",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = {name}",
    "grants": "SELECT c.relname, coalesce(c.relacl::text, '') FROM pg_class c "
    "WHERE c.relnamespace = {schema}",
    "schema": "SELECT nspacl::text, pg_get_userbyid(nspowner) FROM pg_namespace "
    "WHERE oid = {schema}",
    "defaults": "SELECT defaclobjtype::text, defaclacl::text, pg_get_userbyid(defaclrole) "
    "FROM pg_default_acl WHERE defaclnamespace = {schema}",
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = {schema}",
    "types": "SELECT typname, typtype::text FROM pg_type WHERE typnamespace = {schema}",
    "triggers": "SELECT t.tgname, pg_get_triggerdef(t.oid) FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace = {schema} AND NOT tgisinternal",
    "sequences": "SELECT sequencename, data_type::text, start_value, increment_by, last_value "
    "FROM pg_sequences WHERE schemaname = {name}",
    "role": "SELECT rolcanlogin, rolinherit, rolsuper, rolcreaterole, rolbypassrls FROM pg_roles "
    "WHERE rolname = {name}",
    "members": "SELECT pg_get_userbyid(member), admin_option, inherit_option, set_option "
    "FROM pg_auth_members WHERE pg_get_userbyid(roleid) = {name}",
}


def describe_schema(superuser: psycopg.Connection, schema: str) -> dict[str, list[str]]:
    """Return the catalogue entries of a schema and its role, sorted, comparable between schemas."""
    names = {"schema": f"'{schema}'::regnamespace", "name": f"'{schema}'"}
    return {
        fact: sorted(
            _without_schema_name(row, schema)
            for row in superuser.execute(query.format(**names)).fetchall()
        )
        for fact, query in QUERIES.items()
    }


def _without_schema_name(row: tuple[Any, ...], schema: str) -> str:
    text = repr(row).replace(schema, "SCHEMA")
    # The entries of an aclitem are in the order in which they were granted.
    return "".join(sorted(text)) if "=" in text and "{" in text else text


def orphaned_schemas_and_roles(superuser: psycopg.Connection) -> tuple[set[str], set[str]]:
    """Return the schemas without a tenant, and the roles without a schema."""
    known = {row[0] for row in superuser.execute("SELECT schema_name FROM tenants_tenant")}
    schemas = {
        row[0]
        for row in superuser.execute(
            "SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$'"
        )
    }
    roles = {
        row[0]
        for row in superuser.execute(
            "SELECT rolname::text FROM pg_roles WHERE rolname ~ '^t_[0-9a-f]{32}$'"
        )
    }
    return schemas - known - {"t_" + "0" * 32}, roles ^ schemas
