"""Long-running commands: the base class of workers, their heartbeat, stop signals and backoff."""

import json
import signal
import tempfile
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.system_checks import SAFETY

ShouldStop = Callable[[], bool]
MAX_HEARTBEAT_AGE_SECONDS = 180.0
MAX_DOUBLINGS = 10


def heartbeat_path(name: str) -> Path:
    """Return the file that a worker touches; a container runs one worker of a kind."""
    return Path(tempfile.gettempdir()) / f"aggios-{name}"


def require_recent_heartbeat(heartbeat: Path, *, max_age: float) -> None:
    """Raise CommandError unless the file was touched within ``max_age`` seconds."""
    try:
        age = time.time() - heartbeat.stat().st_mtime
    except OSError:
        raise CommandError("No heartbeat has been written yet. Is it running?") from None
    if age > max_age:
        raise CommandError(f"The last heartbeat is {age:.0f} seconds old. Restart it.")


def stop_event_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set instead of their default action."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


def backoff_delay(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the exponential delay after ``attempts`` (from 1): ``first``, then doubled."""
    return min(first * (1 << min(attempts - 1, MAX_DOUBLINGS)), longest)


class WorkerCommand(BaseCommand):
    """A command that runs until it is stopped and writes a heartbeat; ``--once`` runs it once.

    ``worker`` is the name of this kind of worker.
    """

    requires_system_checks = (SAFETY,)
    worker: str

    def run(self, stop: ShouldStop, beat: Callable[[], None]) -> None:
        """Process work until ``stop()`` is true; call ``beat`` regularly."""
        raise NotImplementedError

    def run_once(self) -> tuple[dict[str, Any], str]:
        """Process what is due; return the result as a document and as a line of text."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="process what is due, then exit")
        parser.add_argument(
            "--check",
            action="store_true",
            help=f"only check whether a {self.worker} is running here",
        )
        parser.add_argument("--json", action="store_true", help="with --once: a JSON object")
        parser.add_argument(
            "--heartbeat",
            type=Path,
            default=heartbeat_path(self.worker),
            help="the file that shows that it is running",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        heartbeat: Path = options["heartbeat"]
        if options["check"]:
            require_recent_heartbeat(heartbeat, max_age=MAX_HEARTBEAT_AGE_SECONDS)
        elif options["once"]:
            outcome, line = self.run_once()
            self.stdout.write(json.dumps(outcome) if options["json"] else line)
        else:
            self.run(stop_event_on_signals().is_set, heartbeat.touch)
