"""The report of an audit: attempts, outcomes and crossings; as JSON and as a table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from core.text.normalization import pluralize


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """One attempt. ``crossing`` describes what went through; it is empty if nothing did."""

    layer: str
    """Kind of host, or ``database``, ``store``, ``shared``."""
    target: str
    """Route, table or other target."""
    action: str
    """Method, statement or call."""
    credential: str
    """Credential or scope of the attempt."""
    reference: str
    """How the other tenant was named: its host, its id in the path, the body."""
    outcome: str
    crossing: str = ""


@dataclass(slots=True)
class TargetSummary:
    """The attempts on one target."""

    layer: str
    target: str
    outcomes: Counter[str] = field(default_factory=Counter)
    crossings: int = 0


@dataclass(slots=True)
class AuditReport:
    """All attempts of a run, in order."""

    rows: list[AttemptResult] = field(default_factory=list)

    def add(self, row: AttemptResult) -> None:
        """Add one result."""
        self.rows.append(row)

    def extend(self, rows: Iterable[AttemptResult]) -> None:
        """Add several results."""
        self.rows.extend(rows)

    @property
    def crossings(self) -> list[AttemptResult]:
        """The attempts that went through."""
        return [row for row in self.rows if row.crossing]

    def groups(self) -> list[TargetSummary]:
        """Return the attempts summed by layer and target, in order."""
        found: dict[tuple[str, str], TargetSummary] = {}
        for row in self.rows:
            group = found.setdefault((row.layer, row.target), TargetSummary(row.layer, row.target))
            group.outcomes[row.outcome] += 1
            group.crossings += bool(row.crossing)
        return list(found.values())

    def as_json(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "attempts": len(self.rows),
            "crossings": len(self.crossings),
            "rows": [asdict(row) for row in self.rows],
        }


def print_report(report: AuditReport, out: Any, *, every: bool) -> None:
    """Print the attempts, summed by target or one by one, then the crossings."""
    console = Console(file=out, width=None if out.isatty() else 160, markup=False, emoji=False)
    console.print(_attempt_table(report) if every else _summary_table(report))
    for row in report.crossings:
        where = f"{row.layer} {row.action} {row.target}"
        console.print(
            f"CROSSING  {where}, {row.credential}, {row.reference}: {row.crossing}",
            style="bold red",
        )
    crossings = pluralize(len(report.crossings), "crossing")
    verdict = crossings if report.crossings else "nothing went through"
    tried = (
        f"{pluralize(len(report.rows), 'attempt')} on {pluralize(len(report.groups()), 'target')}"
    )
    console.print(f"{tried}: {verdict}.")


def _summary_table(report: AuditReport) -> Table:
    table = Table(box=SIMPLE)
    for column in ("where", "what", "tried", "what came back", "crossings"):
        table.add_column(column, overflow="fold")
    for group in report.groups():
        outcomes = "  ".join(
            f"{outcome} x{count}" for outcome, count in group.outcomes.most_common(8)
        )
        total, crossed = sum(group.outcomes.values()), str(group.crossings or "")
        table.add_row(group.layer, group.target, str(total), outcomes, crossed)
    return table


def _attempt_table(report: AuditReport) -> Table:
    table = Table(box=SIMPLE)
    for column in ("where", "what", "how", "credential", "reference", "what came back", "crossing"):
        table.add_column(column, overflow="fold")
    for r in report.rows:
        table.add_row(r.layer, r.target, r.action, r.credential, r.reference, r.outcome, r.crossing)
    return table
