"""manage.py lint_migrations"""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.text.normalization import pluralize
from tenants.fleet.lint.linter import find_violations, own_apps
from tenants.management.arguments import add_json_argument


class Command(BaseCommand):
    help = (
        "Refuse migrations that would block a busy table or break the release that is still "
        "running. Needs no database. A migration can be exempted with a reason: "
        'lint_exempt = {"add_index": "the table is empty in every tenant"}.\n\n'
        "Example: manage.py lint_migrations accounts\n\n"
        "Exit status: 0 none is refused, 1 some are."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("apps", nargs="*", metavar="APP", help="labels (default: all own apps)")
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        violations = find_violations(set(options["apps"]) or own_apps())
        if options["json"]:
            self.stdout.write(json.dumps([asdict(violation) for violation in violations], indent=2))
        for violation in violations if not options["json"] else ():
            self.stdout.write(str(violation))
        if violations:
            raise CommandError(f"{pluralize(len(violations), 'finding')}.")
        if not options["json"]:
            self.stdout.write("No migration is refused.")
