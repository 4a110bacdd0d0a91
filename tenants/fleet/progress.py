"""Progress of a run: a bar with rate and remaining time on a terminal, otherwise single lines."""

import time
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tenants.fleet.members import Member
from tenants.fleet.results import Result

LINE_SECONDS = 5.0
MAX_NAMED = 20


class ProgressDisplay:
    """Shows the progress of a run on ``out`` (a command's output)."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._total = self._done = self._failed = 0
        self._started_at = self._last_line_at = time.monotonic()
        self._bar = _progress_bar(out) if out.isatty() else None
        self._task = self._bar.add_task("tenants", total=0, failed=0) if self._bar else None

    def add_total(self, more: int) -> None:
        """Add ``more`` tenants to the total."""
        self._total += more
        self._show()

    def count(self, member: Member, result: Result) -> None:
        """Count a finished tenant; print it by name if it failed or if the run is small."""
        self._done += 1
        self._failed += not result.succeeded
        if not result.succeeded:
            self.print_line(f"{member.name}: {result.outcome}: {result.detail}")
        elif self._total <= MAX_NAMED and self._bar is None:
            self.print_line(f"{member.name}: {', '.join(result.steps) or result.outcome}")
        self._show()

    def print_line(self, line: str) -> None:
        """Print one line."""
        if self._bar:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            self._out.write(f"  {line}")

    def _show(self) -> None:
        if self._bar and self._task is not None:
            rate = f"{self._rate():.0f}/s" if self._done else ""
            self._bar.update(
                self._task,
                total=self._total,
                completed=self._done,
                description=f"tenants {rate}",
                failed=self._failed,
            )
        elif time.monotonic() - self._last_line_at > LINE_SECONDS and self._done:
            self._last_line_at = time.monotonic()
            left = (self._total - self._done) / self._rate()
            self.print_line(
                f"{self._done} of {self._total}, {self._failed} failed, "
                f"{self._rate():.1f} a second, {left:.0f} s left"
            )

    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._started_at, 1e-6)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._bar:
            self._bar.stop()


def _progress_bar(out: Any) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[failed]} failed"),
        TimeRemainingColumn(),
        console=Console(file=out),
    )
