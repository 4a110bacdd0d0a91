"""The isolation audit reports each of many deliberate leaks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import ProgrammingError, connection
from django.utils import timezone
from rest_framework.permissions import AllowAny

from devstack.home import CHECKOUT
from devstack.testing import TestStack
from files.models import Balance
from files.storage.backend import TenantStorage
from idempotency.models import Answer
from operations.isolation.attacker import Attacker
from operations.isolation.canaries import (
    AuditIncompleteError,
    Canaries,
    exclude_common,
    read_canaries,
)
from operations.isolation.change_monitor import ChangeMonitor
from operations.isolation.change_recorder import RECORD_TABLE, RECORD_TRIGGER
from operations.isolation.probes.database import probe_database
from operations.isolation.probes.http import probe_routes
from operations.isolation.probes.storage import probe_storage
from operations.isolation.report import AttemptResult
from operations.isolation.routes import all_routes
from operations.isolation.run import remove_leftovers
from operations.isolation.seeding import seed
from operations.isolation.tenants import create_audit_tenant
from operations.isolation.transport import InProcessTransport
from staff.api.base import StaffView
from tenants.context import tenant_context

LEAKS = {
    "/leak/row/{file_id}": "the answer holds",
    "/leak/people": "the answer holds",
    "/leak/object": "the answer holds",
    "/leak/header": "the answer holds",
    "/leak/packed/{file_id}": "the answer holds",
    "/leak/oracle/{file_id}": "tells that an id exists",
    "/leak/rename/{file_id}": "files_file was changed",
    "/leak/link/{file_id}": "leads to an object of theirs",
    "/leak/remove": "object",
    "/leak/stamp/{file_id}": "files_balance was changed: UPDATE of reconciled_at",
    "/leak/prune/{file_id}": "accounts_session was changed",
    "/leak/trail/{file_id}": "audit_auditevent was changed: INSERT",
    "/leak/again/{file_id}": "files_file was changed",
    "/leak/failing/{file_id}": "the server failed",
}


def ignore_progress(line: str) -> None:
    """Show no progress."""


# These change rows or objects of the victim that other tests here need.
CHANGING_LEAKS = {"/leak/rename/{file_id}", "/leak/remove", "/leak/prune/{file_id}"}


def create_pair() -> tuple[Canaries, Canaries]:
    seeded = []
    for _ in range(2):
        tenant = create_audit_tenant()
        seed(tenant, InProcessTransport())
        seeded.append(read_canaries(tenant))
    return exclude_common(*seeded)


@pytest.fixture(scope="module")
def pair(committed: None) -> Iterator[tuple[Canaries, Canaries]]:
    yield create_pair()
    remove_leftovers(ignore_progress)


@pytest.fixture
def pair_of_leak(shown: str, pair: tuple[Canaries, Canaries]) -> tuple[Canaries, Canaries]:
    """The module's pair of tenants, or another one for a leak that changes the victim."""
    return create_pair() if shown in CHANGING_LEAKS else pair


def crossings(pair: tuple[Canaries, Canaries], shown: str) -> list[AttemptResult]:
    """Try the routes with this path and return the crossings."""
    attacker, victim = pair
    monitor = ChangeMonitor(victim.tenant.ref)
    try:
        routes = [route for route in all_routes() if route.shown == shown]
        attacking = Attacker(attacker.tenant, victim)
        rows = list(probe_routes(attacking, routes, monitor, InProcessTransport(), ignore_progress))
    finally:
        monitor.close()
    assert rows
    return [row for row in rows if row.crossing]


@pytest.mark.parametrize(("shown", "what"), LEAKS.items(), ids=[*LEAKS])
@pytest.mark.usefixtures("leaky_urlconf")
def test_leaking_route_is_reported(pair_of_leak: tuple[Canaries, Canaries], shown: str, what: str):
    found = crossings(pair_of_leak, shown)

    assert any(what in row.crossing for row in found), found


def test_attempts_on_a_correct_route_report_nothing(pair: tuple[Canaries, Canaries]):
    assert crossings(pair, "/api/files/{file_id}") == []


@pytest.mark.parametrize(
    "shown",
    ["/api/tenants", "/api/tenants/{tenant_id}", "/api/tenants/{tenant_id}/domains"],
)
def test_staff_route_without_authentication_is_reported(
    pair: tuple[Canaries, Canaries], monkeypatch: pytest.MonkeyPatch, shown: str
):
    assert crossings(pair, shown) == []
    monkeypatch.setattr(StaffView, "authentication_classes", ())
    monkeypatch.setattr(StaffView, "permission_classes", (AllowAny,))

    found = [row for row in crossings(pair, shown) if (row.action, row.outcome) == ("GET", "200")]

    assert {row.layer for row in found} >= {"apex", "admin"}


def test_role_with_foreign_grants_is_reported(pair: tuple[Canaries, Canaries], superuser):
    attacker, victim = (canaries.tenant.ref for canaries in pair)
    where = f"{victim.schema_name}.accounts_user"
    superuser.execute(f"GRANT USAGE ON SCHEMA {victim.schema_name} TO {attacker.schema_name}")
    superuser.execute(f"GRANT SELECT ON {where} TO {attacker.schema_name}")
    try:
        found = [r for r in probe_database(attacker, victim, ["accounts_user"]) if r.crossing]
    finally:
        superuser.execute(f"REVOKE ALL ON {where} FROM {attacker.schema_name}")
        superuser.execute(f"REVOKE ALL ON SCHEMA {victim.schema_name} FROM {attacker.schema_name}")

    assert {row.action for row in found} >= {"SELECT", "SELECT, search path set"}
    assert all(row.credential == "attacker's scope" for row in found)
    assert [r for r in probe_database(attacker, victim, ["accounts_user"]) if r.crossing] == []


class WithoutPrefix(TenantStorage):
    """A storage without the tenant's prefix in its object keys."""

    def key_of(self, name: str) -> str:
        return name.removeprefix("/")


def test_object_key_without_prefix_is_reported(pair: tuple[Canaries, Canaries], settings):
    attacker, victim = pair
    assert [row for row in probe_storage(attacker.tenant.ref, victim) if row.crossing] == []
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{__name__}.WithoutPrefix"},
    }

    found = []
    with pytest.raises(AuditIncompleteError, match="by its own link"):
        found.extend(row for row in probe_storage(attacker.tenant.ref, victim) if row.crossing)

    assert any("outside of the tenant's prefix" in row.crossing for row in found)


def test_model_without_a_canary_stops_the_audit(pair: tuple[Canaries, Canaries]):
    tenant = pair[0].tenant
    with tenant_context(tenant.ref):
        kept = list(Answer.objects.all())
        Answer.objects.all().delete()
    with pytest.raises(AuditIncompleteError, match=r"no canary for idempotency\.Answer"):
        read_canaries(tenant)

    # Seeding again creates a row from the model's fields, as it does for a new model.
    seed(tenant, InProcessTransport())
    assert kept
    assert read_canaries(tenant).ids["answer"]


@pytest.fixture
def monitor(pair: tuple[Canaries, Canaries]) -> Iterator[ChangeMonitor]:
    """The second tenant of the pair under observation."""
    monitor = ChangeMonitor(pair[1].tenant.ref)
    yield monitor
    monitor.close()


def reconcile(pair: tuple[Canaries, Canaries], stores: TestStack) -> None:
    """Run reconcile_storage for the second tenant in a separate process."""
    command = [sys.executable, "manage.py", "reconcile_storage", "--exit-zero"]
    subprocess.run(
        [*command, "--tenant", pair[1].tenant.ref.slug],
        env={**os.environ, **stores.env},
        cwd=CHECKOUT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


def reconciled_at(pair: tuple[Canaries, Canaries]) -> datetime | None:
    with tenant_context(pair[1].tenant.ref):
        return Balance.objects.get().reconciled_at


def test_platform_work_during_the_audit_is_no_crossing(
    pair: tuple[Canaries, Canaries], monitor: ChangeMonitor, stores: TestStack
):
    before = reconciled_at(pair)

    reconcile(pair, stores)

    assert reconciled_at(pair) != before
    assert monitor.changes() == []


def test_foreign_write_during_platform_work_is_reported(
    pair: tuple[Canaries, Canaries], monitor: ChangeMonitor, stores: TestStack
):
    reconcile(pair, stores)
    with tenant_context(pair[1].tenant.ref):
        Balance.objects.update(reconciled_at=timezone.now())

    assert monitor.changes() == ["files_balance was changed: UPDATE of reconciled_at by aggios"]
    assert monitor.changes() == []


def test_truncated_table_and_disabled_trigger_are_reported(
    pair: tuple[Canaries, Canaries], monitor: ChangeMonitor, superuser
):
    table = f"{pair[1].tenant.ref.schema_name}.accounts_recoverycode"
    superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER {RECORD_TRIGGER}")
    superuser.execute(f"TRUNCATE {table}")
    found = monitor.changes()
    superuser.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {RECORD_TRIGGER}")

    assert [line.partition(":")[0] for line in found] == [
        "accounts_recoverycode was changed",
        "accounts_recoverycode is no longer watched",
    ]


@pytest.mark.usefixtures("monitor")
def test_victim_cannot_write_its_own_record_of_changes(pair: tuple[Canaries, Canaries]):
    with (
        tenant_context(pair[1].tenant.ref),
        pytest.raises(ProgrammingError, match="permission denied"),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM {RECORD_TABLE}")
