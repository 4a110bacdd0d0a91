"""The hash chain, which PostgreSQL builds at commit: without gaps and in commit order."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from django.db import connection, connections, transaction

from accounts.models import Session, User
from audit.services import SYSTEM, record
from core.db_backend.scope import PUBLIC, use_scope
from core.request_context import RequestContext, use_request_context
from tenants.context import TenantRef, tenant_context
from tests.audit.test_verification import verified
from tests.core.test_database_privileges import refused
from tests.support.audit import ADA, BEN, EVENTS, links
from tests.support.commands import run_command
from tests.support.factories import Agency, add_member

WRITERS, REPEATS = 10, 5


def run_concurrently(count: int, act) -> list:
    """Run ``act(number)`` concurrently in ``count`` threads, each with its own connection."""
    start = Barrier(count)

    def one(number: int):
        try:
            start.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def numbers(ref: TenantRef, superuser) -> list[int]:
    return [row[0] for row in links(ref, superuser)]


def test_concurrent_writers_make_one_chain(trail: TenantRef, superuser):
    def write(number: int) -> None:
        for _ in range(REPEATS):
            with tenant_context(trail), transaction.atomic():
                record("test.one", actor=ADA, target=BEN, writer=number)
                record("test.two", actor=ADA, target=BEN, writer=number)

    run_concurrently(WRITERS, write)

    assert numbers(trail, superuser) == list(range(1, EVENTS + 2 * WRITERS * REPEATS + 1))
    assert verified(trail)["whole"]


@pytest.mark.parametrize("said", ["2020-01-01", "2099-01-01"])
def test_application_cannot_choose_the_event_time(trail: TenantRef, said: str):
    with tenant_context(trail), connection.cursor() as cursor:
        record("test.model", actor=ADA)
        cursor.execute(
            "INSERT INTO audit_auditevent (id, at, action, actor_type, actor_id, actor_label,"
            " target_type, target_id, target_label, user_agent, request_id, details)"
            " VALUES (gen_random_uuid(), %s, 'test.forged', 'user',"
            " '', '', '', '', '', '', '', '{}')"
            " RETURNING at BETWEEN now() - interval '1 minute' AND clock_timestamp()",
            [said],
        )
        assert cursor.fetchone() == (True,)

    assert verified(trail)["whole"]


def test_rolled_back_event_leaves_no_gap(trail: TenantRef, superuser):
    with tenant_context(trail):
        with pytest.raises(RuntimeError), transaction.atomic():
            record("test.lost", actor=ADA)
            raise RuntimeError
        with transaction.atomic():
            record("test.kept", actor=ADA)
            with pytest.raises(RuntimeError), transaction.atomic():
                record("test.lost", actor=ADA)
                raise RuntimeError
            record("test.kept", actor=ADA)

    assert numbers(trail, superuser) == list(range(1, EVENTS + 3))
    assert verified(trail)["whole"]


def test_events_are_ordered_by_commit(trail: TenantRef, superuser):
    """An open transaction with an event does not block other transactions."""
    with tenant_context(trail), transaction.atomic():
        record("test.slow", actor=ADA)
        run_concurrently(1, lambda _: _record(trail, "test.quick"))
    schema = trail.schema_name
    query = f"SELECT e.action FROM {schema}.audit_auditlink l JOIN {schema}.audit_auditevent e "
    rows = superuser.execute(f"{query} ON e.id = l.event_id ORDER BY l.sequence DESC LIMIT 2")

    assert [action for (action,) in rows] == ["test.slow", "test.quick"]


def _record(ref: TenantRef, action: str) -> None:
    with tenant_context(ref):
        record(action, actor=ADA)


def test_writers_of_two_trails_do_not_deadlock(trail: TenantRef, superuser):
    def write(number: int) -> None:
        for _ in range(2 * REPEATS):
            with transaction.atomic():
                places = [use_scope(PUBLIC), tenant_context(trail)]
                for place in places if number % 2 else reversed(places):
                    with place:
                        record("test.both", actor=SYSTEM)

    run_concurrently(4, write)

    assert numbers(trail, superuser) == list(range(1, EVENTS + 4 * 2 * REPEATS + 1))
    assert verified(trail)["whole"]


def test_foreign_key_checks_do_not_wait_for_the_chain(trail: TenantRef):
    """Foreign keys are checked at commit, where a transaction that locked the row may wait."""
    with tenant_context(trail):
        user = User.objects.create(email="ref@trail.test", password="!")
        Session.objects.all().delete()

    def write(number: int) -> None:
        for _ in range(4 * REPEATS):
            with tenant_context(trail), transaction.atomic():
                if number % 2:
                    User.objects.select_for_update().get(pk=user.pk)
                record("test.reference", actor=ADA)
                if not number % 2:
                    _session(user)

    run_concurrently(4, write)

    with tenant_context(trail):
        Session.objects.all().delete()
        user.delete()


def _session(user: User) -> None:
    now = user.created_at
    Session.objects.create(
        user=user, token_hash=b"", rotated_at=now, last_used_at=now, expires_at=now
    )


def test_api_key_is_recorded_in_the_event(trail: TenantRef, superuser):
    with use_request_context(RequestContext(api_key="a-key")):
        _record(trail, "test.by_key")

    query = f"SELECT details FROM {trail.schema_name}.audit_auditevent WHERE action = %s"
    assert superuser.execute(query, ["test.by_key"]).fetchone() == ({"api_key": "a-key"},)


def test_events_before_the_chain_are_linked_in_order(trail: TenantRef, superuser):
    superuser.execute(f"DELETE FROM {trail.schema_name}.audit_auditlink")
    superuser.execute("SELECT aggios.audit_add_links(%s, NULL)", [trail.schema_name])

    in_order = superuser.execute(
        f"SELECT id FROM {trail.schema_name}.audit_auditevent ORDER BY at, id"
    ).fetchall()
    assert [(row[1],) for row in links(trail, superuser)] == in_order
    assert verified(trail)["whole"]


@pytest.fixture
def active_agency(new_agency) -> Agency:
    """An agency with HTTP actions by and on a user who is then erased."""
    agency = new_agency()
    ben = add_member(agency, f"ben@{agency.slug}.test")
    ben.at.patch("/api/users/me", {"first_name": "Benjamin"})
    agency.host.post("/api/auth/login", {"email": ben.email, "password": "wrong" * 4})
    ben.at.post("/api/auth/logout-all")
    return agency


def test_archives_and_clones_have_intact_chains(active_agency: Agency, tmp_path: Path, superuser):
    before = verified(active_agency.ref)
    archive = tmp_path / "one.tar"
    run_command("export_tenant", active_agency.slug, "--to", str(archive))
    active_agency.owner.at.patch("/api/users/me", {"first_name": "Since"})
    assert verified(active_agency.ref)["events"] == before["events"] + 1

    run_command("import_tenant", str(archive), "--as", f"{active_agency.slug}-b")
    run_command("import_tenant", str(archive), "--restore", active_agency.slug, "--yes")
    run_command("clone_tenant", active_agency.slug, f"{active_agency.slug}-c")

    told = {
        slug: _told(slug)
        for slug in (active_agency.slug, f"{active_agency.slug}-b", f"{active_agency.slug}-c")
    }
    assert [row["faults"] for row in told.values()] == [[], [], []]
    assert told[f"{active_agency.slug}-b"]["head"] == before["head"]
    assert told[active_agency.slug]["events"] > before["events"]
    assert told[f"{active_agency.slug}-c"]["head"] != told[active_agency.slug]["head"]


def _told(slug: str) -> dict:
    (told,) = json.loads(run_command("verify_audit", "--tenant", slug, "--json"))
    return told


def test_verified_tenant_can_be_purged(active_agency: Agency):
    verified(active_agency.ref)

    run_command("delete_tenant", active_agency.slug, "--now", "--yes", "--no-export")


REFUSED = [
    "UPDATE audit_auditevent SET action = 'x'",
    "DELETE FROM audit_auditevent",
    "TRUNCATE audit_auditevent",
    "INSERT INTO audit_auditlink (event_id) VALUES (gen_random_uuid())",
    "UPDATE audit_auditlink SET sequence = 9",
    "DELETE FROM audit_auditlink",
    "TRUNCATE audit_auditlink",
    "ALTER TABLE audit_auditevent DISABLE TRIGGER audit_enters",
    "ALTER TABLE audit_auditevent DISABLE TRIGGER ALL",
    "DROP TRIGGER audit_erases ON audit_auditevent",
    "SET session_replication_role = replica",
    "SELECT aggios.audit_add_links('{other}', NULL)",
    "SELECT aggios.audit_erase()",
    "SELECT aggios.audit_seal()",
    "INSERT INTO {other}.audit_auditevent SELECT * FROM audit_auditevent",
    "SELECT * FROM {other}.audit_auditlink",
]


@pytest.mark.parametrize("statement", REFUSED)
def test_application_role_cannot_change_the_trail(trail: TenantRef, globex: Agency, statement: str):
    sql = statement.replace("{other}", globex.ref.schema_name)
    with tenant_context(trail):
        refused(sql)
    if "{other}" not in statement:
        with use_scope(PUBLIC):
            refused(sql)


def test_application_cannot_write_trail_heads(trail: TenantRef):
    with use_scope(PUBLIC):
        refused("UPDATE tenants_trailhead SET sequence = 1")
        refused("INSERT INTO tenants_trailhead (sequence, hash, verified_at) VALUES (1, '', now())")


def test_link_supplied_by_the_application_is_ignored(trail: TenantRef, superuser):
    """An immediate constraint only adds the link earlier, in the same transaction."""
    with tenant_context(trail), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        record("test.early", actor=ADA)
        cursor.execute("SELECT set_config('aggios.trails', 'x y', true)")
        record("test.early", actor=ADA)

    assert numbers(trail, superuser) == list(range(1, EVENTS + 3))
    assert verified(trail)["whole"]
