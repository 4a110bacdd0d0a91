"""Records of runs. Only the owner's login can write them; the application reads them."""

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
    """Record the start of a run over ``total`` tenants."""
    with use_scope(PUBLIC):
        return FleetRun.objects.using(OWNER_ALIAS).create(
            command=command, arguments=arguments, total=total
        )


def record_outcome(run: FleetRun, member: Member, result: Result) -> None:
    """Record the outcome for one tenant; it replaces an earlier one of the same run."""
    # The output of a command may contain the tenant's rows, which must not be stored in the public
    # schema. It is shown to the operator only.
    steps = ", ".join(result.steps)
    done = result.outcome is Outcome.DONE
    detail = steps if done else f"{result.outcome}: {result.detail or steps}"
    fields = {"slug": member.slug[:40], "succeeded": result.succeeded, "detail": detail}
    with use_scope(PUBLIC):
        FleetOutcome.objects.using(OWNER_ALIAS).update_or_create(
            run=run, tenant_id=member.id, defaults={**fields, "seconds": result.seconds}
        )


def add_to_total(run: FleetRun, more: int) -> None:
    """Add ``more`` tenants to the recorded total."""
    run.total += more
    with use_scope(PUBLIC):
        run.save(using=OWNER_ALIAS, update_fields=["total"])


def finish_run(run: FleetRun) -> None:
    """Record the end of a run, complete or not. A killed run has no end."""
    run.finished_at = timezone.now()
    with use_scope(PUBLIC):
        run.save(using=OWNER_ALIAS, update_fields=["finished_at"])


def last_run(command: str | None = None) -> FleetRun | None:
    """Return the latest run (of ``command``)."""
    with use_scope(PUBLIC):
        runs = FleetRun.objects.using(OWNER_ALIAS)
        return (runs.filter(command=command) if command else runs).first()


def run_by_id(text: str) -> FleetRun:
    """Return the run with this id, or the latest one for ``last``.

    Raises: CommandError.
    """
    if text == "last":
        run = last_run()
    else:
        try:
            with use_scope(PUBLIC):
                run = FleetRun.objects.using(OWNER_ALIAS).filter(id=uuid.UUID(text)).first()
        except ValueError:
            run = None
    if run is None:
        raise CommandError(f"There is no run {text!r}. `manage.py fleet status` shows the last.")
    return run


def succeeded_in(run: FleetRun) -> set[uuid.UUID]:
    """Return the ids of the tenants in which the run succeeded."""
    with use_scope(PUBLIC):
        outcomes = FleetOutcome.objects.using(OWNER_ALIAS).filter(run=run, succeeded=True)
        return set(outcomes.values_list("tenant_id", flat=True))


def clear_details(tenant_id: uuid.UUID) -> None:
    """Delete the recorded errors of a tenant, which may contain its rows."""
    with use_scope(PUBLIC):
        FleetOutcome.objects.using(OWNER_ALIAS).filter(tenant_id=tenant_id).update(detail="")


def outcomes_of(run: FleetRun) -> list[FleetOutcome]:
    """Return the outcomes of a run, failures first, each group in chronological order."""
    with use_scope(PUBLIC):
        return list(
            FleetOutcome.objects.using(OWNER_ALIAS).filter(run=run).order_by("succeeded", "id")
        )
