"""How far a run is: a bar with rate and time left at a terminal, now and then a line elsewhere."""

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tenants.fleet.members import Member
from tenants.fleet.results import Result

LINE_SECONDS = 5.0
MAX_NAMED = 20


class ProgressDisplay:
    """Shows a run on ``out`` (a command's output) while it is under way."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._total = self._done = self._failed = 0
        self._began = self._told = time.monotonic()
        self._bar = _progress_bar(out) if out.isatty() else None
        self._task = self._bar.add_task("tenants", total=0, failed=0) if self._bar else None

    def expect(self, more: int) -> None:
        """Count ``more`` tenants in."""
        self._total += more
        self._show()

    def settled(self, member: Member, result: Result) -> None:
        """Show that one is done, and by name if it failed or if they are few."""
        self._done += 1
        self._failed += not result.succeeded
        if not result.succeeded:
            self.say(f"{member.name}: {result.outcome}: {result.detail}")
        elif self._total <= MAX_NAMED and self._bar is None:
            self.say(f"{member.name}: {', '.join(result.steps) or result.outcome}")
        self._show()

    def say(self, line: str) -> None:
        """Print a line of its own."""
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
        elif time.monotonic() - self._told > LINE_SECONDS and self._done:
            self._told = time.monotonic()
            left = (self._total - self._done) / self._rate()
            self.say(
                f"{self._done} of {self._total}, {self._failed} failed, "
                f"{self._rate():.1f} a second, {left:.0f} s left"
            )

    def _rate(self) -> float:
        return self._done / max(time.monotonic() - self._began, 1e-6)

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
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
