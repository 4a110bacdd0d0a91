"""Progress bars for archives on a terminal: bytes, rate and remaining time; nothing in a log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from operations.archives.export import ProgressCallbacks


@contextmanager
def show_progress(
    out: Any, first: str = "writing", second: str = "reading back"
) -> Iterator[ProgressCallbacks]:
    """Show the progress of two passes over the same bytes on ``out``."""
    columns = (
        TextColumn("{task.description:14}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    console = Console(file=out)
    with Progress(*columns, console=console, disable=not out.isatty()) as progress:
        tasks = [progress.add_task(text, total=None) for text in (first, second)]

        def total(count: int) -> None:
            for task in tasks:
                progress.update(task, total=count)

        def step(index: int, count: int) -> None:
            progress.advance(tasks[index], count)

        yield ProgressCallbacks(total, lambda count: step(0, count), lambda count: step(1, count))
