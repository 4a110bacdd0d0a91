"""manage.py storage_doctor"""

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from files.storage_doctor.external import check_public_endpoint
from files.storage_doctor.internal import check_internal_endpoint, check_tenant_keys
from files.storage_doctor.report import WRONG, Finding


class Command(BaseCommand):
    help = (
        "Tell what is wrong with the object store and how to mend it. An object of its own is put, "
        "got and deleted through the public endpoint, as clients do it. Exit status 1 when "
        "something is wrong.\n\n"
        "Examples: manage.py storage_doctor\n"
        "          manage.py storage_doctor --json"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [*check_internal_endpoint(), *check_tenant_keys(), *check_public_endpoint()]
        faults = sum(finding.state == WRONG for finding in found)
        if options["json"]:
            document = {"wrong": faults, "findings": [asdict(finding) for finding in found]}
            self.stdout.write(json.dumps(document, indent=2))
        else:
            for finding in found:
                self.stdout.write(_line(finding))
        if faults:
            raise CommandError(f"{faults} {'thing is' if faults == 1 else 'things are'} wrong.")


def _line(finding: Finding) -> str:
    line = f"{finding.state:<6} {finding.check:<16} {finding.said}"
    return f"{line}\n{'':>24}{finding.mend}" if finding.mend else line
