"""manage.py migrate_schemas"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from core.text.formatting import pluralize
from core.text.parsing import integer_argument
from tenants.fleet.control import exclusive_migration_lock
from tenants.fleet.migrate import FleetMigration, MigrationOptions
from tenants.fleet.plan import build_plan, print_plan
from tenants.fleet.preparation import PlatformState, prepare_platform
from tenants.fleet.progress import ProgressDisplay
from tenants.fleet.runner import RunPolicy
from tenants.fleet.summary import RunSummary
from tenants.management.arguments import add_run_arguments, duration_argument, slugs_argument
from tenants.management.terminal import print_table
from tenants.schemas.owner import owner_connection


class Command(BaseCommand):
    help = (
        "Bring the public schema, the template and every tenant that is behind up to date, as the "
        "owner. One tenant that fails does not stop the others; it answers 503 until a later run "
        "succeeds. Run it again at any time: it goes on where it stopped.\n\n"
        "Example: manage.py migrate_schemas --canary 3 --max-failures 10\n\n"
        "Exit status: 0 all done, 1 some failed, 2 wrong usage, 3 stopped early (a canary, "
        "--max-failures, or the public schema), 4 another run is under way, 130 and 143 "
        "interrupted."
    )
    requires_system_checks: list[str] = []
    autodetector = MigrationAutodetector  # Django's checks compare it with makemigrations'

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_run_arguments(parser)
        parser.add_argument(
            "--tenants", type=slugs_argument, metavar="a,b", help="only these (all)"
        )
        parser.add_argument(
            "--canary",
            type=integer_argument(),
            default=0,
            metavar="N",
            help="migrate so many first, one by one; if one fails, the rest is not touched (0)",
        )
        parser.add_argument(
            "--lock-timeout",
            type=duration_argument,
            default="2s",
            metavar="TIME",
            help="how long to wait for a table that is in use, before it is tried later (2s)",
        )
        parser.add_argument(
            "--statement-timeout",
            type=duration_argument,
            default="10min",
            metavar="TIME",
            help="how long one statement may take in a tenant (10min); 0: no limit",
        )
        parser.add_argument(
            "--retries",
            type=integer_argument(),
            default=5,
            metavar="N",
            help="how often to try again what was locked, with growing pauses (5)",
        )
        parser.add_argument(
            "--plan", "--dry-run", action="store_true", help="only show what would be done"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        if options["plan"]:
            print_plan(self.stdout, build_plan(options["tenants"]), as_json=options["json"])
            return
        wishes = _wishes(options)
        with (
            exclusive_migration_lock(),
            ProgressDisplay(self.stderr if options["json"] else self.stdout) as watch,
        ):
            done = prepare_platform(
                watch.say, lock_timeout=wishes.lock_timeout, retries=wishes.policy.retries
            )
            if not options["json"]:
                self.stdout.write(f"public: {pluralize(done.public, 'migration')} run")
                state = "rebuilt" if done.template_rebuilt else "up to date"
                self.stdout.write(f"template: {state}")
            summary = FleetMigration(wishes, watch).run()
        self._tell(summary, done, as_json=options["json"])

    def _tell(self, summary: RunSummary, done: PlatformState, *, as_json: bool) -> None:
        if as_json:
            ground = {"public": done.public, "template_rebuilt": done.template_rebuilt}
            self.stdout.write(json.dumps({**ground, **summary.packed()}, indent=2))
        else:
            self._print(summary)
        if summary.exit_status:
            closing = f"{summary.closing()} Run it again to go on."
            raise CommandError(closing, returncode=summary.exit_status)

    def _print(self, summary: RunSummary) -> None:
        if summary.results:
            print_table(self.stdout, summary.table())
        self.stdout.write(f"tenants: {summary.tenants}, migrated {summary.done}")


def _wishes(options: dict[str, Any]) -> MigrationOptions:
    policy = RunPolicy(options["canary"], options["max_failures"], options["retries"])
    return MigrationOptions(
        policy,
        options["tenants"],
        options["parallel"],
        options["lock_timeout"],
        options["statement_timeout"],
    )
