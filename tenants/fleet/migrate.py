"""Bringing the whole fleet up to date."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet import records
from tenants.fleet.control import InterruptHandler
from tenants.fleet.members import Member, list_members
from tenants.fleet.pending import outdated_schemas, schemas_with_history
from tenants.fleet.progress import ProgressDisplay
from tenants.fleet.results import Outcome, Result
from tenants.fleet.runner import Runner, RunPolicy
from tenants.fleet.summary import RunSummary
from tenants.fleet.workers import InProcessWorker, ProcessWorker, Worker, WorkerPool
from tenants.lifecycle import begin_maintenance, end_maintenance
from tenants.management.arguments import worker_count
from tenants.models import FleetRun, Tenant
from tenants.problems import TenantNotFound
from tenants.schemas.owner import owner_connection
from tenants.services import lock_tenant

CANCEL_QUERY = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = %s AND usename = current_user"
)


MIGRATION_FAILED = Tenant.Maintenance.MIGRATION_FAILED


MAX_NOTE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """What the operator asked for."""

    policy: RunPolicy
    tenants: list[str] | None = None
    parallel: int | None = None
    lock_timeout: str = "2s"
    statement_timeout: str = "10min"


def migratable_members(slugs: list[str] | None) -> list[Member]:
    """Return the tenants that can be migrated: not those that a deletion has dropped already."""
    found = list_members(slugs)
    there = set(schemas_with_history([member.schema for member in found]))
    return [m for m in found if m.schema in there or m.status != Tenant.Status.DELETING]


def outdated_members(found: list[Member]) -> list[Member]:
    """Return those that lack a migration; marked ones last, so that no canary is a broken one."""
    late = set(outdated_schemas([member.schema for member in found]))
    ordered = sorted(found, key=lambda member: member.maintenance == MIGRATION_FAILED)
    return [member for member in ordered if member.schema in late]


class FleetMigration:
    """One run. It may be repeated at any time: what is done is not done again."""

    def __init__(self, wishes: MigrationOptions, watch: ProgressDisplay) -> None:
        self._wishes, self._watch = wishes, watch
        self._summary = RunSummary()
        self._run: FleetRun | None = None

    def run(self) -> RunSummary:
        """Migrate until nothing is behind but what failed.

        Tenants that were made from the old template a moment ago turn up when it is asked again.
        """
        began = time.monotonic()
        found = migratable_members(self._wishes.tenants)
        late = outdated_members(found)
        self._clear_marks(found, late)
        self._summary.tenants = len(found)
        if late:
            with InterruptHandler() as interruption:
                self._migrate(late, interruption)
        self._summary.seconds = time.monotonic() - began
        return self._summary

    def _migrate(self, late: list[Member], interruption: InterruptHandler) -> None:
        self._run = run = records.begin_run(records.MIGRATE_COMMAND, self._arguments(), 0)
        self._summary.run = str(run.id)
        name = f"aggios fleet {run.id.hex[-8:]}"
        size = worker_count(len(late), self._wishes.parallel)
        with WorkerPool(size, self._worker(name, size)) as pool:
            runner = Runner(
                pool, self._wishes.policy, interruption, self._settle, lambda: _cancel(name)
            )
            tried: set[object] = set()
            while late and not runner.stop:
                tried |= {member.id for member in late}
                records.add_to_total(run, len(late))
                self._watch.expect(len(late))
                runner.run(late)
                late = self._newly_late(tried) if not runner.stop else []
        self._summary.stop, self._summary.signal = runner.stop, interruption.signal
        self._summary.left = run.total - len(self._summary.results)
        records.finish_run(run)

    def _newly_late(self, tried: set[object]) -> list[Member]:
        fresh = [m for m in migratable_members(self._wishes.tenants) if m.id not in tried]
        return outdated_members(fresh)

    def _settle(self, member: Member, result: Result) -> None:
        assert self._run is not None  # noqa: S101 - made before the first worker
        records.record_outcome(self._run, member, result)
        mark_failed(member, result)
        if result.succeeded and member.maintenance == MIGRATION_FAILED:
            clear_failed(member)
        self._summary.results.append((member, result))
        self._watch.settled(member, result)

    def _clear_marks(self, found: list[Member], late: list[Member]) -> None:
        """Serve those again that were marked and lack nothing: somebody has mended them."""
        behind_now = {member.id for member in late}
        for member in found:
            if member.maintenance == MIGRATION_FAILED and member.id not in behind_now:
                clear_failed(member)
                self._watch.say(f"{member.name}: is up to date and served again")

    def _worker(self, name: str, size: int) -> Callable[[], Worker]:
        timeouts = {
            "lock_timeout": self._wishes.lock_timeout,
            "statement_timeout": self._wishes.statement_timeout,
        }
        order = {"job": "migrate", "options": {**timeouts, "application_name": name}}
        return lambda: InProcessWorker(order) if size == 1 else ProcessWorker(order)

    def _arguments(self) -> dict[str, Any]:
        return {"tenants": self._wishes.tenants, "canary": self._wishes.policy.canary}


def _cancel(name: str) -> None:
    """Cancel what the run's own sessions are doing; their transactions roll back."""
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(CANCEL_QUERY, [name])


# Tenants whose migration failed answer 503 until a later run succeeds.


def mark_failed(member: Member, result: Result) -> None:
    """Take the tenant off the air if its migration failed by its own fault.

    A lock that was not got, a database that went away or a run that was told to stop says nothing
    against the tenant: it is as it was, and the version that serves now can go on serving it. A
    tenant that is off the air for another reason stays so for that reason.
    """
    if result.outcome is not Outcome.FAILED:
        return
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance in {"", MIGRATION_FAILED}:
                begin_maintenance(
                    member.id, MIGRATION_FAILED, actor=SYSTEM, note=result.detail[:MAX_NOTE_LENGTH]
                )
    except TenantNotFound:
        return  # deleted at this moment


def clear_failed(member: Member) -> bool:
    """Serve a tenant again that was marked; return whether it was."""
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance != MIGRATION_FAILED:
                return False
            end_maintenance(member.id, actor=SYSTEM)
            return True
    except TenantNotFound:
        return False
