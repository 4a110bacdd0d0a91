"""The summary of a run: as a table, as JSON and as an exit status."""

from dataclasses import dataclass, field
from typing import Any

from rich.table import Table

from tenants.fleet.members import Member
from tenants.fleet.results import Result
from tenants.fleet.runner import StopReason
from tenants.management.terminal import make_table

ALL_DONE, SOME_FAILED, STOPPED = 0, 1, 3
MAX_ROWS = 30
COLUMNS = ("tenant", "schema", "outcome", "seconds", "tries", "what")


@dataclass(slots=True)
class RunSummary:
    """The final results of a run, in chronological order."""

    run: str = ""
    tenants: int = 0
    left: int = 0
    stop: StopReason | None = None
    signal: int | None = None
    seconds: float = 0.0
    results: list[tuple[Member, Result]] = field(default_factory=list)

    @property
    def failed(self) -> list[tuple[Member, Result]]:
        """The results that are not successful."""
        return [(member, result) for member, result in self.results if not result.succeeded]

    @property
    def done(self) -> int:
        """The number of successful results."""
        return len(self.results) - len(self.failed)

    @property
    def exit_status(self) -> int:
        """0 all done, 1 some failed, 3 stopped early, 128 + signal number."""
        if self.signal is not None:
            return 128 + self.signal
        if self.stop:
            return STOPPED
        return SOME_FAILED if self.failed else ALL_DONE

    def to_json(self) -> dict[str, Any]:
        """Return the value as JSON."""
        return {
            "run": self.run or None,
            "tenants": self.tenants,
            "done": self.done,
            "failed": len(self.failed),
            "not_tried": self.left,
            "stopped_because": str(self.stop) if self.stop else None,
            "seconds": round(self.seconds, 3),
            "results": [
                {"id": str(m.id), "tenant": m.name, "schema": m.schema, **r.to_json()}
                for m, r in self.results
            ],
        }

    def table(self) -> Table:
        """Return a table of the failures, or of all results if they are few."""
        rows = self.results if len(self.results) <= MAX_ROWS else self.failed
        table = make_table(COLUMNS, free=("what",))
        for member, result in rows:
            what = result.detail.splitlines()[0] if result.detail else ", ".join(result.steps)
            cells = (f"{result.seconds:.2f}", str(result.tries), what)
            table.add_row(member.name, member.schema, result.outcome, *cells)
        return table

    def closing_sentence(self) -> str:
        """Return the closing sentence: the stop reason and the failed tenants."""
        names = ", ".join(f"{m.name} ({m.schema})" for m, _ in self.failed[:MAX_ROWS])
        parts = []
        if self.stop:
            parts.append(f"Stopped: {self.stop}; {self.left} were not tried.")
        if self.failed:
            parts.append(f"{len(self.failed)} failed: {names}.")
        return " ".join(parts)
