"""Creation of a tenant is atomic, and its schema equals that of the migrations."""

import secrets
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction
from psycopg import errors

from accounts.models import User
from audit.models import AuditEvent
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import ValidationFailed
from tenants.context import tenant_context
from tenants.models import Domain, Tenant
from tenants.problems import SubdomainTaken
from tenants.schemas.migrate import migrate_tenant_schema
from tenants.schemas.owner import create_empty_schema, drop_schema
from tenants.schemas.schema_state import migrations_digest, tenant_migrations
from tenants.schemas.template import run_template
from tenants.services import create_tenant, provision_schema
from tests.support.http_client import Site
from tests.support.tenants.pg_catalog import describe_schema, orphaned_schemas_and_roles

# What does not name the role.
CONTENT = ("tables", "columns", "constraints", "indexes", "functions", "triggers", "sequences")


def test_template_and_migrations_make_equal_schemas(make_tenant, superuser):
    tenant = make_tenant()
    schema = f"t_{uuid.uuid4().hex}"
    create_empty_schema(schema)
    try:
        migrate_tenant_schema(schema, lambda line: None)
        by_migrations = describe_schema(superuser, schema)
    finally:
        drop_schema(schema)

    assert describe_schema(superuser, tenant.schema_name) == by_migrations
    assert all(by_migrations[fact] for fact in ("tables", "constraints", "indexes", "grants"))


def test_template_makes_an_equal_schema_for_the_role_of_another(make_tenant, superuser):
    tenant, role = make_tenant(), make_tenant().schema_name
    schema = f"t_{uuid.uuid4().hex}"
    try:
        assert run_template(schema, role, tenant_migrations())
        made, rights = describe_schema(superuser, schema), privileges(superuser, schema, role)
    finally:
        superuser.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")

    expected = describe_schema(superuser, tenant.schema_name)
    assert {fact: made[fact] for fact in CONTENT} == {fact: expected[fact] for fact in CONTENT}
    assert rights == privileges(superuser, tenant.schema_name, tenant.schema_name)
    assert {right for _, right, granted in rights if granted} >= {"SELECT", "INSERT"}


@pytest.mark.parametrize("differ", [lambda keys: keys[:-1], lambda keys: (*keys, ("x", "0001"))])
def test_template_with_other_migrations_makes_no_schema(make_tenant, superuser, differ):
    role, schema = make_tenant().schema_name, f"t_{uuid.uuid4().hex}"

    assert not run_template(schema, role, differ(tenant_migrations()))

    assert superuser.execute("SELECT to_regnamespace(%s)", [schema]).fetchone() == (None,)


def privileges(superuser, schema: str, role: str) -> list[tuple[str, str, bool]]:
    """Return what a role may do with each table of a schema."""
    query = (
        "SELECT relname::text, p, has_schema_privilege(%(role)s, relnamespace, 'USAGE') "
        "AND has_table_privilege(%(role)s, c.oid, p) FROM pg_class c, "
        "unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES']) p "
        "WHERE relnamespace = %(schema)s::regnamespace AND relkind = 'r' ORDER BY 1, 2"
    )
    return superuser.execute(query, {"role": role, "schema": schema}).fetchall()


def test_new_schema_has_a_complete_migration_history(make_tenant, superuser):
    tenant = make_tenant()

    rows = superuser.execute(f"SELECT app, name FROM {tenant.schema_name}.django_migrations")

    assert tuple(sorted(rows.fetchall())) == tenant_migrations()


def test_template_stores_the_digest_of_its_migrations(committed, superuser):
    stored = superuser.execute("SELECT digest FROM aggios.tenant_template").fetchone()

    assert stored == (migrations_digest(tenant_migrations()),)


def test_concurrent_signups_only_one_wins(site: Site, superuser):
    slug = f"race{secrets.token_hex(4)}"

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: site.sign_up(slug), range(4)))

    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409]
    losers = [a.json() for a in answers if a.status_code == 409]
    assert {body["code"] for body in losers} == {"subdomain_taken"}
    assert Domain.objects.filter(domain=slug).count() == 1
    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_slug_is_unique_ignoring_case(committed: None, superuser):
    twice = f"x{secrets.token_hex(5)}"
    create_tenant(name="First", subdomain=twice, actor=SYSTEM)

    with pytest.raises(SubdomainTaken):
        create_tenant(name="Second", subdomain=twice.upper(), actor=SYSTEM)

    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_failure_after_provisioning_leaves_nothing(committed: None, superuser):
    before = Tenant.objects.count(), AuditEvent.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        made = create_tenant(name="Gone", subdomain=f"g{secrets.token_hex(5)}", actor=SYSTEM)
        with tenant_context(made):
            User.objects.create(email="a@b.test", password="!")
        raise ZeroDivisionError

    assert (Tenant.objects.count(), AuditEvent.objects.count()) == before
    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_failing_template_leaves_nothing(committed: None, superuser):
    superuser.execute("UPDATE aggios.tenant_template SET ddl = ddl || E'\\nSELECT 1/0;'")
    try:
        with pytest.raises(DatabaseError):
            create_tenant(name="Half", subdomain=f"h{secrets.token_hex(5)}", actor=SYSTEM)
    finally:
        superuser.execute(
            "UPDATE aggios.tenant_template SET ddl = replace(ddl, E'\\nSELECT 1/0;', '')"
        )

    assert not Tenant.objects.filter(name="Half").exists()
    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_signup_without_template_is_unavailable(site: Site, superuser):
    superuser.execute("ALTER TABLE aggios.tenant_template RENAME TO away")
    superuser.execute("CREATE TABLE aggios.tenant_template (LIKE aggios.away)")
    superuser.execute("ALTER TABLE aggios.tenant_template OWNER TO aggios_owner")
    try:
        answer = site.sign_up(f"n{secrets.token_hex(5)}")
    finally:
        superuser.execute("DROP TABLE aggios.tenant_template")
        superuser.execute("ALTER TABLE aggios.away RENAME TO tenant_template")

    assert (answer.status_code, answer.json()["code"]) == (503, "provisioning_unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert orphaned_schemas_and_roles(superuser) == (set(), set())


def test_existing_schema_is_refused_and_unchanged(make_tenant):
    tenant = make_tenant()
    with tenant_context(tenant):
        User.objects.create(email="kept@here.test", password="!")

    with pytest.raises(DatabaseError) as caught, transaction.atomic():
        provision_schema(tenant.schema_name)

    assert isinstance(caught.value.__cause__, errors.DuplicateSchema)
    with tenant_context(tenant):
        assert User.objects.filter(email="kept@here.test").exists()


@pytest.mark.parametrize(
    "name", ["public", "t_x", "t_" + "G" * 32, "t_" + "a" * 33, 't_"; DROP SCHEMA public; --', ""]
)
def test_provision_refuses_names_that_are_not_opaque(committed: None, name: str):
    with pytest.raises(DatabaseError), transaction.atomic():
        provision_schema(name)


@pytest.mark.parametrize("name", ["", "   ", "x" * 121])
def test_tenant_without_name_is_refused(committed: None, name: str):
    with pytest.raises(ValidationFailed):
        create_tenant(name=name, subdomain=f"v{secrets.token_hex(5)}", actor=SYSTEM)


def test_creation_is_audited(make_tenant):
    tenant = make_tenant()

    with use_scope(PUBLIC):
        event = AuditEvent.objects.get(action="tenant.created", target_id=str(tenant.id))

    assert (event.actor_type, event.details) == ("system", {"subdomain": tenant.slug})


def test_creations_run_concurrently(committed: None, superuser):
    def create(number: int) -> Any:
        try:
            return create_tenant(name="Many", subdomain=f"p{secrets.token_hex(6)}", actor=SYSTEM)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(create, range(8)))

    assert len({tenant.schema_name for tenant in made}) == 8
    assert orphaned_schemas_and_roles(superuser) == (set(), set())
