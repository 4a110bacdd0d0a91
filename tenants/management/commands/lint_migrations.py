"""manage.py lint_migrations"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.text.formatting import pluralize
from tenants.fleet.lint.linter import find_violations, own_apps


class Command(BaseCommand):
    help = (
        "Refuse migrations that would block a busy table or break the release that still serves "
        "while they run. Needs no database. A migration that must be so says why: "
        'lint_exempt = {"add_index": "the table is empty in every tenant"}.\n\n'
        "Example: manage.py lint_migrations accounts\n\n"
        "Exit status: 0 none is refused, 1 some are."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apps", nargs="*", metavar="APP", help="labels (all apps of ours)")
        parser.add_argument("--json", action="store_true", help="print a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        faults = find_violations(set(options["apps"]) or own_apps())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(fault) for fault in faults], indent=2))
        for fault in faults if not options["json"] else ():
            self.stdout.write(str(fault))
        if faults:
            raise CommandError(f"{pluralize(len(faults), 'finding')}.")
        if not options["json"]:
            self.stdout.write("No migration is refused.")
