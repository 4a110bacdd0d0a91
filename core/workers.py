"""What commands are like that do work as it is asked for, until they are stopped."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.checks import Tags
from django.core.management.base import BaseCommand

from core.long_running import (
    ShouldStop,
    heartbeat_path,
    require_recent_heartbeat,
    stop_event_on_signals,
)

MAX_HEARTBEAT_AGE_SECONDS = 180.0  # seconds


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
