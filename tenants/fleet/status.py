"""How the fleet stands."""

from typing import Any

from core.text.formatting import timestamp, timestamp_or_none
from tenants.fleet import marks, records
from tenants.fleet.members import Member
from tenants.fleet.migrate import migratable_members, outdated_members
from tenants.models import FleetRun
from tenants.schemas.template import template_is_current


def fleet_status() -> dict[str, Any]:
    """Return how many tenants are up to date, behind and off the air, and the last run, as JSON."""
    found = migratable_members(None)
    late = {member.id for member in outdated_members(found)}
    broken = [member for member in found if member.maintenance == marks.MIGRATION_FAILED]
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
