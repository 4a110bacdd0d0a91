"""Tables on the output of commands."""

from typing import Any

from rich.console import Console
from rich.table import Table


def show_table(out: Any, table: Table) -> None:
    """Print a table on a command's output; wide where nobody looks at a terminal."""
    Console(file=out, width=None if out.isatty() else 200).print(table)
