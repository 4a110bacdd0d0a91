"""What people see of the fleet's state."""

from typing import Any

from tenants.management.terminal import make_table, print_table
from tenants.models import FleetOutcome


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
