"""What commands are like that do work as it is asked for, until they are stopped."""

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

from django.core.checks import Tags
from django.core.management.base import BaseCommand, CommandError

MAX_HEARTBEAT_AGE_SECONDS = 180.0  # seconds


ShouldStop = Callable[[], bool]


MAX_DOUBLINGS = 10


class WorkerCommand(BaseCommand):
    """Goes on until it is stopped, and says by a file that it lives; with ``--once`` it ends.

    ``worker`` is what one is called that is at work.
    """

    # Those of security alone: the others load every view, which it does without.
    requires_system_checks = (Tags.security,)
    worker: str

    def watch(self, stop: ShouldStop, alive: Callable[[], None]) -> None:
        """Do work as it is asked for until told to stop; call ``alive`` again and again."""
        raise NotImplementedError

    def once(self) -> tuple[dict[str, Any], str]:
        """Do what is due; return what came of it, for programs and for people."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due, then end")
        parser.add_argument(
            "--check",
            action="store_true",
            help=f"only tell whether a {self.worker} works here",
        )
        parser.add_argument("--json", action="store_true", help="with --once: a JSON object")
        parser.add_argument(
            "--heartbeat",
            type=Path,
            default=heartbeat_path(self.worker),
            help="the file that says that it is",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        heartbeat: Path = options["heartbeat"]
        if options["check"]:
            require_recent_heartbeat(heartbeat, longest=MAX_HEARTBEAT_AGE_SECONDS)
        elif options["once"]:
            outcome, line = self.once()
            self.stdout.write(json.dumps(outcome) if options["json"] else line)
        else:
            self.watch(stop_event_on_signals().is_set, heartbeat.touch)


# Commands that go on until they are stopped: how they are told to, and how one sees them live.
def heartbeat_path(name: str) -> Path:
    """Return the file that a long-running command touches; one container runs one of a kind."""
    return Path(tempfile.gettempdir()) / f"aggios-{name}"


def require_recent_heartbeat(heartbeat: Path, *, longest: float) -> None:
    """Raise CommandError unless the file was touched within so many seconds."""
    try:
        age = time.time() - heartbeat.stat().st_mtime
    except OSError:
        raise CommandError("Nothing has begun here.") from None
    if age > longest:
        raise CommandError(f"Nothing has been heard for {age:.0f} seconds.")


def stop_event_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set, in place of what they do otherwise."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    return stop


# How long to wait before something is tried again.


def backoff_delay(attempts: int, *, first: timedelta, longest: timedelta) -> timedelta:
    """Return the wait after so many attempts, from 1 on: ``first``, twice as long each time."""
    return min(first * (1 << min(attempts - 1, MAX_DOUBLINGS)), longest)
