"""Bringing the whole fleet up to date."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.db_backend.scope import PUBLIC, enter
from tenants.fleet import marks, records
from tenants.fleet.interruption import Interruption
from tenants.fleet.members import Member, members
from tenants.fleet.options import workers_for
from tenants.fleet.pending import behind, with_history
from tenants.fleet.pool import Pool
from tenants.fleet.progress import Watch
from tenants.fleet.results import Result
from tenants.fleet.runner import Policy, Runner
from tenants.fleet.summary import Summary
from tenants.fleet.workers import OwnWorker, ProcessWorker, Worker
from tenants.models import FleetRun, Tenant
from tenants.schemas.owner import owner_connection

CANCEL = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity "
    "WHERE application_name = %s AND usename = current_user"
)


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the operator asked for."""

    policy: Policy
    tenants: list[str] | None = None
    parallel: int | None = None
    lock_timeout: str = "2s"
    statement_timeout: str = "10min"


def present(slugs: list[str] | None) -> list[Member]:
    """Return the tenants that can be migrated: not those that a deletion has dropped already."""
    found = members(slugs)
    there = set(with_history([member.schema for member in found]))
    return [m for m in found if m.schema in there or m.status != Tenant.Status.DELETING]


def late_among(found: list[Member]) -> list[Member]:
    """Return those that lack a migration; marked ones last, so that no canary is a broken one."""
    late = set(behind([member.schema for member in found]))
    ordered = sorted(found, key=lambda member: member.maintenance == marks.BROKEN)
    return [member for member in ordered if member.schema in late]


class FleetMigration:
    """One run. It may be repeated at any time: what is done is not done again."""

    def __init__(self, wishes: Wishes, watch: Watch) -> None:
        self._wishes, self._watch = wishes, watch
        self._summary = Summary()
        self._run: FleetRun | None = None

    def run(self) -> Summary:
        """Migrate until nothing is behind but what failed.

        Tenants that were made from the old template a moment ago turn up when it is asked again.
        """
        began = time.monotonic()
        found = present(self._wishes.tenants)
        late = late_among(found)
        self._clear_marks(found, late)
        self._summary.tenants = len(found)
        if late:
            with Interruption() as interruption:
                self._migrate(late, interruption)
        self._summary.seconds = time.monotonic() - began
        return self._summary

    def _migrate(self, late: list[Member], interruption: Interruption) -> None:
        self._run = run = records.begin_run(records.MIGRATE, self._arguments(), 0)
        self._summary.run = str(run.id)
        name = f"aggios fleet {run.id.hex[-8:]}"
        size = workers_for(len(late), self._wishes.parallel)
        with Pool(size, self._worker(name, size)) as pool:
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
        fresh = [m for m in present(self._wishes.tenants) if m.id not in tried]
        return late_among(fresh)

    def _settle(self, member: Member, result: Result) -> None:
        assert self._run is not None  # noqa: S101 - made before the first worker
        records.record_outcome(self._run, member, result)
        marks.mark(member, result)
        if result.succeeded and member.maintenance == marks.BROKEN:
            marks.clear(member)
        self._summary.results.append((member, result))
        self._watch.settled(member, result)

    def _clear_marks(self, found: list[Member], late: list[Member]) -> None:
        """Serve those again that were marked and lack nothing: somebody has mended them."""
        behind_now = {member.id for member in late}
        for member in found:
            if member.maintenance == marks.BROKEN and member.id not in behind_now:
                marks.clear(member)
                self._watch.say(f"{member.name}: is up to date and served again")

    def _worker(self, name: str, size: int) -> Callable[[], Worker]:
        timeouts = {
            "lock_timeout": self._wishes.lock_timeout,
            "statement_timeout": self._wishes.statement_timeout,
        }
        order = {"job": "migrate", "options": {**timeouts, "application_name": name}}
        return lambda: OwnWorker(order) if size == 1 else ProcessWorker(order)

    def _arguments(self) -> dict[str, Any]:
        return {"tenants": self._wishes.tenants, "canary": self._wishes.policy.canary}


def _cancel(name: str) -> None:
    """Cancel what the run's own sessions are doing; their transactions roll back."""
    with enter(PUBLIC), owner_connection().cursor() as cursor:
        cursor.execute(CANCEL, [name])
