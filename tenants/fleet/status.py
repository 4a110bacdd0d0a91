"""How the fleet stands."""

from typing import Any

from core.text.formatting import time_or_none, timestamp
from tenants.fleet import marks, records
from tenants.fleet.members import Member
from tenants.fleet.migrate import late_among, present
from tenants.models import FleetRun
from tenants.schemas.template import template_is_current


def status() -> dict[str, Any]:
    """Return how many tenants are up to date, behind and off the air, and the last run, as JSON."""
    found = present(None)
    late = {member.id for member in late_among(found)}
    broken = [member for member in found if member.maintenance == marks.BROKEN]
    fine = [m for m in found if m.id not in late and m not in broken]
    run = records.last_run()
    return {
        "tenants": len(found),
        "ok": len(fine),
        "behind": len(late),
        "broken": [_named(member) for member in broken],
        "template_is_current": template_is_current(),
        "last_run": described(run) if run else None,
    }


def described(run: FleetRun) -> dict[str, Any]:
    """Return a run as JSON, with what came of it."""
    outcomes = records.outcomes_of(run)
    failed = [outcome.slug for outcome in outcomes if not outcome.succeeded]
    return {
        "id": str(run.id),
        "command": run.command,
        "arguments": run.arguments,
        "started_at": timestamp(run.started_at),
        # A run that was killed has no end.
        "finished_at": time_or_none(run.finished_at),
        "total": run.total,
        "done": len(outcomes) - len(failed),
        "failed": failed,
    }


def _named(member: Member) -> dict[str, str]:
    return {"tenant": member.name, "schema": member.schema}
