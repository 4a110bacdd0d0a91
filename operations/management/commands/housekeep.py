"""manage.py housekeep"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connections

from core.text.parsing import integer_argument
from core.workers import heartbeat_path, require_recent_heartbeat, stop_event_on_signals
from operations.housekeeping import PERIODIC_TASKS, HousekeeperBusyError, run_tasks
from tenants.schemas.owner import owner_connection

# Touched before each round; --check compares its age.
HEARTBEAT = heartbeat_path("housekeeper")
# The purge of a large tenant may take hours.
MAX_ROUND_SECONDS = 12 * 3600


class Command(BaseCommand):
    help = (
        "Run the periodic tasks: "
        + "; ".join(f"{task.purpose} ({task.command})" for task in PERIODIC_TASKS)
        + ". Once, or again and again with --every; Compose runs it as a service. A second one at "
        "the same time does nothing.\n\nExample: manage.py housekeep --every 900"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--every",
            type=integer_argument(),
            metavar="SECONDS",
            help="repeat until stopped, with this pause",
        )
        parser.add_argument(
            "--check", action="store_true", help="only check whether --every is running here"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            require_recent_heartbeat(HEARTBEAT, max_age=MAX_ROUND_SECONDS)
            return
        owner_connection()  # refuses now if the owner's login is not known
        every = options["every"]
        if every is None:
            self._once()
            return
        if every < 1:
            raise CommandError("--every takes a number of seconds from 1.")
        self._run_forever(every)

    def _once(self) -> None:
        try:
            failed = run_tasks(self._report)
        except HousekeeperBusyError:
            self._report("Another housekeeper is at work.")
            return
        if failed:
            raise CommandError(f"{', '.join(failed)} failed; the next round tries again.")

    def _run_forever(self, seconds: int) -> None:
        stop = stop_event_on_signals()
        while not stop.is_set():
            HEARTBEAT.touch()
            try:
                self._once()
            except (CommandError, DatabaseError) as exc:
                self.stderr.write(str(exc).strip())
            connections.close_all()  # the pause is long enough for a server to restart
            stop.wait(seconds)

    def _report(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
