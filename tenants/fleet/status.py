"""How the fleet stands."""

from typing import Any

from core.text.formatting import timestamp, timestamp_or_none
from tenants.fleet import migrate, records
from tenants.fleet.members import Member
from tenants.fleet.migrate import migratable_members, outdated_members
from tenants.management.terminal import make_table, print_table
from tenants.models import FleetOutcome, FleetRun
from tenants.schemas.template import template_is_current


def fleet_status() -> dict[str, Any]:
    """Return how many tenants are up to date, behind and off the air, and the last run, as JSON."""
    found = migratable_members(None)
    late = {member.id for member in outdated_members(found)}
    broken = [member for member in found if member.maintenance == migrate.MIGRATION_FAILED]
    fine = [m for m in found if m.id not in late and m not in broken]
    run = records.last_run()
    return {
        "tenants": len(found),
        "ok": len(fine),
        "behind": len(late),
        "broken": [_serialize_member(member) for member in broken],
        "template_is_current": template_is_current(),
        "last_run": serialize_run(run) if run else None,
    }


def serialize_run(run: FleetRun) -> dict[str, Any]:
    """Return a run as JSON, with what came of it."""
    outcomes = records.outcomes_of(run)
    failed = [outcome.slug for outcome in outcomes if not outcome.succeeded]
    return {
        "id": str(run.id),
        "command": run.command,
        "arguments": run.arguments,
        "started_at": timestamp(run.started_at),
        # A run that was killed has no end.
        "finished_at": timestamp_or_none(run.finished_at),
        "total": run.total,
        "done": len(outcomes) - len(failed),
        "failed": failed,
    }


def _serialize_member(member: Member) -> dict[str, str]:
    return {"tenant": member.name, "schema": member.schema}


# What people see of the fleet's state.


def print_status(out: Any, now: dict[str, Any]) -> None:
    """Print the counts, the broken tenants and the last run."""
    out.write(f"tenants: {now['tenants']}, {now['ok']} ok, {now['behind']} behind")
    out.write(f"template: {'up to date' if now['template_is_current'] else 'old'}")
    for broken in now["broken"]:
        out.write(f"broken: {broken['tenant']} ({broken['schema']})")
    if run := now["last_run"]:
        _print_run(out, run)


def print_report(out: Any, run: dict[str, Any], outcomes: list[FleetOutcome]) -> None:
    """Print a run and a row for each tenant, failures first."""
    _print_run(out, run)
    table = make_table(("tenant", "outcome", "seconds", "what"), free=("what",))
    for outcome in outcomes:
        done = "done" if outcome.succeeded else "failed"
        first = (outcome.detail.splitlines() or [""])[0]
        table.add_row(outcome.slug, done, f"{outcome.seconds:.2f}", first)
    print_table(out, table)


def _print_run(out: Any, run: dict[str, Any]) -> None:
    end = run["finished_at"] or "no end: under way or killed"
    out.write(f"run {run['id']}: {run['command']}, {run['started_at']} - {end}")
    left = run["total"] - run["done"] - len(run["failed"])
    out.write(f"  {run['done']} done, {len(run['failed'])} failed, {left} not tried")
