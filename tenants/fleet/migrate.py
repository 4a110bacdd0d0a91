"""Migration of all tenants.

A tenant whose migration fails is in maintenance until a later run succeeds.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet import records
from tenants.fleet.control import InterruptHandler
from tenants.fleet.members import Member
from tenants.fleet.pending import migratable_members, outdated_members
from tenants.fleet.progress import ProgressDisplay
from tenants.fleet.results import Outcome, Result
from tenants.fleet.runner import Runner, RunPolicy
from tenants.fleet.summary import RunSummary
from tenants.fleet.workers import InProcessWorker, ProcessWorker, Worker, WorkerPool, worker_count
from tenants.lifecycle import begin_maintenance, end_maintenance
from tenants.models import FleetRun, Tenant
from tenants.problems import TenantNotFound
from tenants.queries import lock_tenant
from tenants.schemas.owner import owner_connection

CANCEL_QUERY = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = %s AND usename = current_user"
)
FAILED = Tenant.Maintenance.MIGRATION_FAILED
MAX_NOTE_LENGTH = 4000


@dataclass(frozen=True, slots=True)
class MigrationOptions:
    """The options of a migration run."""

    policy: RunPolicy
    tenants: list[str] | None = None
    parallel: int | None = None
    lock_timeout: str = "2s"
    statement_timeout: str = "10min"


class FleetMigration:
    """One migration run. It can be repeated: finished tenants are skipped."""

    def __init__(self, options: MigrationOptions, progress: ProgressDisplay) -> None:
        self._options, self._progress = options, progress
        self._summary = RunSummary()
        self._run: FleetRun | None = None

    def run(self) -> RunSummary:
        """Migrate until only failed tenants are outdated.

        The list of outdated tenants is queried again after each pass, which finds tenants that were
        created from the old template during the run.
        """
        started = time.monotonic()
        members = migratable_members(self._options.tenants)
        outdated = outdated_members(members)
        self._clear_repaired(members, outdated)
        self._summary.tenants = len(members)
        if outdated:
            with InterruptHandler() as interrupt:
                self._migrate(outdated, interrupt)
        self._summary.seconds = time.monotonic() - started
        return self._summary

    def _migrate(self, outdated: list[Member], interrupt: InterruptHandler) -> None:
        self._run = run = records.begin_run(records.MIGRATE_COMMAND, self._arguments(), 0)
        self._summary.run = str(run.id)
        name = f"aggios fleet {run.id.hex[-8:]}"
        size = worker_count(len(outdated), self._options.parallel)
        with WorkerPool(size, self._worker(name, size)) as pool:
            runner = Runner(
                pool, self._options.policy, interrupt, self._handle_result, lambda: _cancel(name)
            )
            tried: set[object] = set()
            while outdated and not runner.stop:
                tried |= {member.id for member in outdated}
                records.add_to_total(run, len(outdated))
                self._progress.add_total(len(outdated))
                runner.run(outdated)
                outdated = self._newly_outdated(tried) if not runner.stop else []
        self._summary.stop, self._summary.signal = runner.stop, interrupt.signal
        self._summary.left = run.total - len(self._summary.results)
        records.finish_run(run)

    def _newly_outdated(self, tried: set[object]) -> list[Member]:
        untried = [m for m in migratable_members(self._options.tenants) if m.id not in tried]
        return outdated_members(untried)

    def _handle_result(self, member: Member, result: Result) -> None:
        assert self._run is not None  # noqa: S101 - made before the first worker
        records.record_outcome(self._run, member, result)
        mark_failed(member, result)
        if result.succeeded and member.migration_failed:
            clear_failed(member)
        self._summary.results.append((member, result))
        self._progress.count(member, result)

    def _clear_repaired(self, members: list[Member], outdated: list[Member]) -> None:
        """Serve failed tenants again that lack no migration: they were repaired by hand."""
        outdated_ids = {member.id for member in outdated}
        for member in members:
            if member.migration_failed and member.id not in outdated_ids:
                clear_failed(member)
                self._progress.print_line(f"{member.name}: is up to date and served again")

    def _worker(self, name: str, size: int) -> Callable[[], Worker]:
        timeouts = {
            "lock_timeout": self._options.lock_timeout,
            "statement_timeout": self._options.statement_timeout,
        }
        order = {"job": "migrate", "options": {**timeouts, "application_name": name}}
        return lambda: InProcessWorker(order) if size == 1 else ProcessWorker(order)

    def _arguments(self) -> dict[str, Any]:
        return {"tenants": self._options.tenants, "canary": self._options.policy.canary}


def mark_failed(member: Member, result: Result) -> None:
    """Put the tenant into maintenance if its migration failed (not for transient errors).

    After a lock timeout, a lost connection or an interrupted run the schema is unchanged, and the
    running release can serve it. A tenant that is in maintenance for another reason keeps that
    reason.
    """
    if result.outcome is not Outcome.FAILED:
        return
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance in {"", FAILED}:
                note = result.detail[:MAX_NOTE_LENGTH]
                begin_maintenance(member.id, FAILED, actor=SYSTEM, note=note)
    except TenantNotFound:
        return  # the tenant has been deleted


def clear_failed(member: Member) -> bool:
    """End the maintenance of a failed migration; return whether the tenant was in it."""
    try:
        with use_scope(PUBLIC), transaction.atomic():
            if lock_tenant(member.id).maintenance != FAILED:
                return False
            end_maintenance(member.id, actor=SYSTEM)
            return True
    except TenantNotFound:
        return False


def _cancel(name: str) -> None:
    """Cancel the statements of the run's own sessions; their transactions roll back."""
    with use_scope(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(CANCEL_QUERY, [name])
