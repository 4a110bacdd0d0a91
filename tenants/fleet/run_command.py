"""Runs of one management command over many tenants."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.core.management import CommandError, get_commands

from tenants.fleet import records
from tenants.fleet.control import InterruptHandler
from tenants.fleet.members import Member, list_members
from tenants.fleet.results import Result
from tenants.fleet.runner import Runner, RunPolicy
from tenants.fleet.summary import RunSummary
from tenants.fleet.workers import ProcessWorker, WorkerPool, worker_count
from tenants.models import FleetRun, Tenant

# Commands that work on the platform, and commands that run forever.
PLATFORM_COMMANDS = frozenset(
    """
    audit_isolation bootstrap_database check_email_addresses clone_tenant collectstatic create_staff
    create_staff_roles create_staff_token create_tenant delete_tenant deletion_certificates
    deliver_mail domains end_maintenance end_sessions end_support_access erase_person export_tenant
    failed_mail fleet housekeep import_tenant invite lint_migrations list_people list_tenants
    measure_usage migrate migrate_schemas prune_sessions purge_tenants purge_trash reconcile_storage
    rename_tenant reset_staff_factor resume_tenant rotate_tenant_key runserver seed_demo
    send_test_mail set_limits setup_storage show_tenant storage_doctor suspend_tenant testserver
    verify_audit verify_uploads
    """.split()  # noqa: SIM905 - a list of strings would be harder to read
)
ResultCallback = Callable[[Member, Result], None]


@dataclass(frozen=True, slots=True)
class Task:
    """A command with its arguments and the tenants to run it in (None: all)."""

    command: str
    arguments: list[str] = field(default_factory=list)
    tenants: list[str] | None = None

    def require_valid(self) -> "Task":
        """Return the task itself if its command can run inside tenants.

        Raises: CommandError.
        """
        if self.command not in get_commands():
            raise CommandError(
                f"There is no command {self.command!r}. `manage.py help` lists them."
            )
        if self.command in PLATFORM_COMMANDS:
            raise CommandError(f"{self.command} works on the platform, not inside a tenant.")
        return self


def recorded_task(run: FleetRun) -> Task:
    """Return the task of a recorded run.

    Raises: CommandError if the run was a migration.
    """
    if run.command == records.MIGRATE_COMMAND:
        raise CommandError("To go on with a migration, run migrate_schemas again.")
    return Task(run.command, run.arguments["arguments"], run.arguments["tenants"])


def start_task(task: Task) -> FleetRun:
    """Record a new run of a task.

    Raises: CommandError.
    """
    task.require_valid()
    arguments = {"arguments": task.arguments, "tenants": task.tenants}
    return records.begin_run(task.command, arguments, len(_members_of_task(task)))


def run_task(
    run: FleetRun,
    *,
    policy: RunPolicy,
    parallel: int | None,
    add_total: Callable[[int], None],
    on_result: ResultCallback,
) -> RunSummary:
    """Run the task in every tenant in which this run has not succeeded yet.

    When a run is resumed, deleted tenants are left out and new ones are included.
    """
    started, summary = time.monotonic(), RunSummary(run=str(run.id))
    members = _members_of_task(recorded_task(run).require_valid())
    done = records.succeeded_in(run)
    todo = [member for member in members if member.id not in done]
    summary.tenants = len(members)
    add_total(len(todo))

    def handle_result(member: Member, result: Result) -> None:
        records.record_outcome(run, member, result)
        summary.results.append((member, result))
        on_result(member, result)

    order = {"job": "command", "command": run.command, "arguments": run.arguments["arguments"]}
    size = worker_count(len(todo), parallel)
    with InterruptHandler() as interrupt, WorkerPool(size, lambda: ProcessWorker(order)) as pool:
        runner = Runner(pool, policy, interrupt, handle_result, pool.kill)
        runner.run(todo)
    summary.stop, summary.signal = runner.stop, interrupt.signal
    summary.left = len(todo) - len(summary.results)
    summary.seconds = time.monotonic() - started
    records.finish_run(run)
    return summary


def _members_of_task(task: Task) -> list[Member]:
    return [m for m in list_members(task.tenants) if m.status != Tenant.Status.DELETING]


def serialize_task_summary(summary: RunSummary, task: Task) -> dict[str, Any]:
    """Return the summary of a run as JSON."""
    return {"command": task.command, "arguments": task.arguments, **summary.to_json()}
