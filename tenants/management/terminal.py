"""Tables and confirmations of commands."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.management.base import CommandError
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

# Characters of a free-text column; longer text is wrapped.
FREE_TEXT_WIDTH = 48
# Characters of the whole table if the output is not a terminal.
WIDTH = 200


def make_table(columns: Iterable[str], *, free: Collection[str] = (), title: str = "") -> Table:
    """Return an empty table in which every column stays visible, however long a text is.

    ``free`` names the columns with text of any length. Long text is wrapped, never cut off.
    """
    table = Table(title=title or None, box=SIMPLE)
    for name in columns:
        width = FREE_TEXT_WIDTH if name in free else None
        table.add_column(name, overflow="fold", max_width=width)
    return table


def print_table(out: Any, table: Table) -> None:
    """Print a table on a command's output. Brackets in cells are literal text, not rich markup."""
    width = None if out.isatty() else WIDTH
    Console(file=out, width=width, markup=False, emoji=False).print(table)


def confirm(slug: str, question: str, otherwise: str = "Nothing was changed.") -> None:
    """Ask the operator to type the slug before a change that cannot be undone.

    ``question`` says what will happen and what to type; ``otherwise`` is the error for other input.

    Raises: CommandError for other input, and without a terminal.
    """
    try:
        typed = input(question)
    except EOFError:
        raise CommandError("There is no terminal to confirm on; give --yes.") from None
    if typed.strip() != slug:
        raise CommandError(f"{otherwise} To confirm, type {slug} exactly, or give --yes.")
