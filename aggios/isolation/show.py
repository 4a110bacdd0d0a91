"""The report as a table."""

from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from core.text.normalization import pluralize
from operations.isolation.report import AuditReport


def print_report(ledger: AuditReport, out: Any, *, every: bool) -> None:
    """Print what was tried, added up by target or one by one, and then what went through."""
    console = Console(file=out, width=None if out.isatty() else 160, markup=False, emoji=False)
    console.print(_attempt_table(ledger) if every else _summary_table(ledger))
    for row in ledger.crossings:
        where = f"{row.layer} {row.action} {row.target}"
        console.print(f"CROSSING  {where}, {row.who}, {row.aim}: {row.crossing}", style="bold red")
    crossings = pluralize(len(ledger.crossings), "crossing")
    verdict = crossings if ledger.crossings else "nothing went through"
    tried = (
        f"{pluralize(len(ledger.rows), 'attempt')} on {pluralize(len(ledger.groups()), 'target')}"
    )
    console.print(f"{tried}: {verdict}.")


def _summary_table(ledger: AuditReport) -> Table:
    table = Table(box=SIMPLE)
    for column in ("where", "what", "tried", "what came back", "crossings"):
        table.add_column(column, overflow="fold")
    for group in ledger.groups():
        came = "  ".join(f"{outcome} x{count}" for outcome, count in group.outcomes.most_common(8))
        total, crossed = sum(group.outcomes.values()), str(group.crossings or "")
        table.add_row(group.layer, group.target, str(total), came, crossed)
    return table


def _attempt_table(ledger: AuditReport) -> Table:
    table = Table(box=SIMPLE)
    for column in ("where", "what", "how", "who", "aim", "what came back", "crossing"):
        table.add_column(column, overflow="fold")
    for r in ledger.rows:
        table.add_row(r.layer, r.target, r.action, r.who, r.aim, r.outcome, r.crossing)
    return table
