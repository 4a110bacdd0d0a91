"""Progress of archives: callbacks, and bars with bytes, rate and remaining time on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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

from operations.archives.object_list import ProgressCallback


def ignore_progress(count: int) -> None:
    """Do nothing with a progress step."""


@dataclass(frozen=True, slots=True)
class ProgressCallbacks:
    """Callbacks for progress: the total as soon as it is known, then each step."""

    total: Callable[[int], None] = ignore_progress
    written: ProgressCallback = ignore_progress
    checked: ProgressCallback = ignore_progress


NO_PROGRESS = ProgressCallbacks()


@contextmanager
def show_progress(
    out: Any, first: str = "writing", second: str = "reading back"
) -> Iterator[ProgressCallbacks]:
    """Show the progress of two passes over the same bytes on ``out``, if that is a terminal."""
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
