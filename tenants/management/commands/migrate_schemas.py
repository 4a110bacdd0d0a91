"""manage.py migrate_schemas"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.migrations.autodetector import MigrationAutodetector

from core.text.normalization import pluralize
from core.text.parsing import integer_argument
from tenants.fleet.control import exclusive_migration_lock
from tenants.fleet.migrate import FleetMigration, MigrationOptions
from tenants.fleet.plan import build_plan, print_plan
from tenants.fleet.preparation import PlatformState, prepare_platform
from tenants.fleet.progress import ProgressDisplay
from tenants.fleet.runner import RunPolicy
from tenants.fleet.summary import RunSummary
from tenants.management.arguments import (
    add_run_arguments,
    add_tenant_option,
    duration_argument,
    listed_names,
    slugs_argument,
)
from tenants.management.terminal import print_table
from tenants.schemas.owner import owner_connection


class Command(BaseCommand):
    help = (
        "Migrate the public schema, the template and every outdated tenant, with the owner's "
        "login. A failed tenant does not stop the others; it answers 503 until a later run "
        "succeeds. It can be repeated at any time and continues where it stopped.\n\n"
        "Example: manage.py migrate_schemas --canary 3 --max-failures 10\n\n"
        "Exit status: 0 all done, 1 some failed, 2 wrong usage, 3 stopped early (a canary, "
        "--max-failures, or the public schema), 4 another run is active, 130 and 143 interrupted."
    )
    requires_system_checks: list[str] = []
    autodetector = MigrationAutodetector  # a Django check compares it with that of makemigrations

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_run_arguments(parser)
        parser.add_argument(
            "--tenants", type=slugs_argument, metavar="a,b", help="only these (default: all)"
        )
        add_tenant_option(parser)
        parser.add_argument(
            "--canary",
            type=integer_argument(),
            default=0,
            metavar="N",
            help="migrate N tenants first, one by one; if one fails, stop (default: 0)",
        )
        parser.add_argument(
            "--lock-timeout",
            type=duration_argument,
            default="2s",
            metavar="TIME",
            help="how long to wait for a locked table before a retry (default: 2s)",
        )
        parser.add_argument(
            "--statement-timeout",
            type=duration_argument,
            default="10min",
            metavar="TIME",
            help="limit of one statement in a tenant (default: 10min); 0: no limit",
        )
        parser.add_argument(
            "--retries",
            type=integer_argument(),
            default=5,
            metavar="N",
            help="retries after a lock timeout, with growing pauses (default: 5)",
        )
        parser.add_argument("--plan", "--dry-run", action="store_true", help="only show the plan")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        if options["plan"]:
            print_plan(self.stdout, build_plan(listed_names(options)), as_json=options["json"])
            return
        migration = _migration_options(options)
        with (
            exclusive_migration_lock(),
            ProgressDisplay(self.stderr if options["json"] else self.stdout) as progress,
        ):
            platform = prepare_platform(
                progress.print_line,
                lock_timeout=migration.lock_timeout,
                retries=migration.policy.retries,
            )
            if not options["json"]:
                self.stdout.write(f"public: {pluralize(platform.public, 'migration')} run")
                state = "rebuilt" if platform.template_rebuilt else "up to date"
                self.stdout.write(f"template: {state}")
            summary = FleetMigration(migration, progress).run()
        self._write_summary(summary, platform, as_json=options["json"])

    def _write_summary(
        self, summary: RunSummary, platform: PlatformState, *, as_json: bool
    ) -> None:
        if as_json:
            document = {**asdict(platform), **summary.to_json()}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            self._print(summary)
        if summary.exit_status:
            message = f"{summary.closing_sentence()} Run it again to continue."
            raise CommandError(message, returncode=summary.exit_status)

    def _print(self, summary: RunSummary) -> None:
        if summary.results:
            print_table(self.stdout, summary.table())
        self.stdout.write(f"tenants: {summary.tenants}, migrated {summary.done}")


def _migration_options(options: dict[str, Any]) -> MigrationOptions:
    policy = RunPolicy(options["canary"], options["max_failures"], options["retries"])
    return MigrationOptions(
        policy,
        listed_names(options),
        options["parallel"],
        options["lock_timeout"],
        options["statement_timeout"],
    )
