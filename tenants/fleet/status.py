"""The status of the fleet, and reports of runs."""

from typing import Any

from core.text.normalization import timestamp, timestamp_or_none
from tenants.fleet import records
from tenants.fleet.members import Member
from tenants.fleet.pending import migratable_members, outdated_members
from tenants.management.terminal import make_table, print_table
from tenants.models import FleetOutcome, FleetRun
from tenants.schemas.template import template_is_current


def fleet_status() -> dict[str, Any]:
    """Return as JSON: how many tenants are up to date, outdated or failed, and the last run."""
    members = migratable_members(None)
    outdated = {member.id for member in outdated_members(members)}
    failed = [member for member in members if member.migration_failed]
    up_to_date = [m for m in members if m.id not in outdated and m not in failed]
    run = records.last_run()
    return {
        "tenants": len(members),
        "ok": len(up_to_date),
        "behind": len(outdated),
        "broken": [_serialize_member(member) for member in failed],
        "template_is_current": template_is_current(),
        "last_run": serialize_run(run) if run else None,
    }


def serialize_run(run: FleetRun) -> dict[str, Any]:
    """Return a run with its outcomes as JSON."""
    outcomes = records.outcomes_of(run)
    failed = [outcome.slug for outcome in outcomes if not outcome.succeeded]
    return {
        "id": str(run.id),
        "command": run.command,
        "arguments": run.arguments,
        "started_at": timestamp(run.started_at),
        # A killed run has no end.
        "finished_at": timestamp_or_none(run.finished_at),
        "total": run.total,
        "done": len(outcomes) - len(failed),
        "failed": failed,
    }


def _serialize_member(member: Member) -> dict[str, str]:
    return {"tenant": member.name, "schema": member.schema}


def print_status(out: Any, status: dict[str, Any]) -> None:
    """Print the counts, the failed tenants and the last run."""
    out.write(f"tenants: {status['tenants']}, {status['ok']} ok, {status['behind']} behind")
    out.write(f"template: {'up to date' if status['template_is_current'] else 'old'}")
    for broken in status["broken"]:
        out.write(f"broken: {broken['tenant']} ({broken['schema']})")
    if run := status["last_run"]:
        _print_run(out, run)


def print_report(out: Any, run: dict[str, Any], outcomes: list[FleetOutcome]) -> None:
    """Print a run with one row per tenant, failures first."""
    _print_run(out, run)
    table = make_table(("tenant", "outcome", "seconds", "what"), free=("what",))
    for outcome in outcomes:
        done = "done" if outcome.succeeded else "failed"
        first = (outcome.detail.splitlines() or [""])[0]
        table.add_row(outcome.slug, done, f"{outcome.seconds:.2f}", first)
    print_table(out, table)


def _print_run(out: Any, run: dict[str, Any]) -> None:
    end = run["finished_at"] or "no end: running or killed"
    out.write(f"run {run['id']}: {run['command']}, {run['started_at']} - {end}")
    left = run["total"] - run["done"] - len(run["failed"])
    out.write(f"  {run['done']} done, {len(run['failed'])} failed, {left} not tried")
