"""Tables on the output of commands."""

from collections.abc import Collection, Iterable
from typing import Any

from django.core.management.base import CommandError
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

# Cells that a column of free text may take; what is longer is folded.
FREE_TEXT_WIDTH = 48


# Cells of the whole table where the output is no terminal.
WIDTH = 200


def make_table(columns: Iterable[str], *, free: Collection[str] = (), title: str = "") -> Table:
    """Return an empty table. Every column stays visible, however long the text in one is.

    ``free`` names the columns whose text somebody chose. No text is cut off: what does not fit is
    continued on the next line.
    """
    table = Table(title=title or None, box=SIMPLE)
    for name in columns:
        width = FREE_TEXT_WIDTH if name in free else None
        table.add_column(name, overflow="fold", max_width=width)
    return table


def print_table(out: Any, table: Table) -> None:
    """Print a table on a command's output. Brackets in a cell are text, not rich's markup."""
    width = None if out.isatty() else WIDTH
    Console(file=out, width=width, markup=False, emoji=False).print(table)


# Asking once more before a command does what cannot be taken back.


def confirm(slug: str, question: str, otherwise: str = "Nothing was changed.") -> None:
    """Return once the slug was typed. Raises CommandError for any other word, and without a person.

    ``question`` tells what will happen and what to type, ``otherwise`` what has become of it.
    """
    try:
        typed = input(question)
    except EOFError:
        raise CommandError("Nobody is there to confirm; give --yes.") from None
    if typed.strip() != slug:
        raise CommandError(otherwise)
