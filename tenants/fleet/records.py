"""What is kept of runs. Only the owner's login may write it; the application reads it."""

import uuid
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from core.db_backend.scope import PUBLIC, use_scope
from tenants.fleet.members import Member
from tenants.fleet.results import Outcome, Result
from tenants.models import FleetOutcome, FleetRun
from tenants.schemas.owner import OWNER_ALIAS

MIGRATE_COMMAND = "migrate_schemas"


def begin_run(command: str, arguments: Any, total: int) -> FleetRun:
    """Record that a run over ``total`` tenants begins."""
    with use_scope(PUBLIC):
        return FleetRun.objects.using(OWNER_ALIAS).create(
            command=command, arguments=arguments, total=total
        )


def record_outcome(run: FleetRun, member: Member, result: Result) -> None:
    """Record what became of one tenant; a later try in the same run takes the place of a former."""
    # What a command printed may be the tenant's rows, which have no place in the public schema: it
    # is told to whoever runs it, and not kept.
    steps = ", ".join(result.steps)
    done = result.outcome is Outcome.DONE
    detail = steps if done else f"{result.outcome}: {result.detail or steps}"
    fields = {"slug": member.slug[:40], "succeeded": result.succeeded, "detail": detail}
    with use_scope(PUBLIC):
        FleetOutcome.objects.using(OWNER_ALIAS).update_or_create(
            run=run, tenant_id=member.id, defaults={**fields, "seconds": result.seconds}
        )


def add_to_total(run: FleetRun, more: int) -> None:
    """Record that the run has become larger."""
    run.total += more
    with use_scope(PUBLIC):
        run.save(using=OWNER_ALIAS, update_fields=["total"])


def finish_run(run: FleetRun) -> None:
    """Record that the run came to its own end, complete or not. A killed one has none."""
    run.finished_at = timezone.now()
    with use_scope(PUBLIC):
        run.save(using=OWNER_ALIAS, update_fields=["finished_at"])


def last_run(command: str | None = None) -> FleetRun | None:
    """Return the run (of ``command``) that began last."""
    with use_scope(PUBLIC):
        runs = FleetRun.objects.using(OWNER_ALIAS)
        return (runs.filter(command=command) if command else runs).first()


def run_by_id(text: str) -> FleetRun:
    """Return the run with this id, or the last one for ``last``. Raises CommandError."""
    if text == "last":
        run = last_run()
    else:
        try:
            with use_scope(PUBLIC):
                run = FleetRun.objects.using(OWNER_ALIAS).filter(id=uuid.UUID(text)).first()
        except ValueError:
            run = None
    if run is None:
        raise CommandError(f"There is no run {text!r}.")
    return run


def succeeded_in(run: FleetRun) -> set[uuid.UUID]:
    """Return the ids of the tenants that the run was done with."""
    with use_scope(PUBLIC):
        outcomes = FleetOutcome.objects.using(OWNER_ALIAS).filter(run=run, succeeded=True)
        return set(outcomes.values_list("tenant_id", flat=True))


def clear_details(tenant_id: uuid.UUID) -> None:
    """Drop what commands printed and errors said of a tenant: it may hold the tenant's rows."""
    with use_scope(PUBLIC):
        FleetOutcome.objects.using(OWNER_ALIAS).filter(tenant_id=tenant_id).update(detail="")


def outcomes_of(run: FleetRun) -> list[FleetOutcome]:
    """Return what the run did, failures first, then in the order in which it was done."""
    with use_scope(PUBLIC):
        return list(
            FleetOutcome.objects.using(OWNER_ALIAS).filter(run=run).order_by("succeeded", "id")
        )
