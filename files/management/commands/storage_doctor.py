"""manage.py storage_doctor"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from files.storage_doctor.external import check_public_endpoint
from files.storage_doctor.internal import check_internal_endpoint, check_tenant_keys
from files.storage_doctor.report import WRONG, Finding
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Check the object store and name a remedy for each fault. A test object is put, read and "
        "deleted through the public endpoint, as clients do it. Exit status 1 if a check fails.\n\n"
        "Examples: manage.py storage_doctor\n"
        "          manage.py storage_doctor --json"
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        findings = [*check_internal_endpoint(), *check_tenant_keys(), *check_public_endpoint()]
        faults = sum(finding.state == WRONG for finding in findings)
        document = {"wrong": faults, "findings": [finding.as_dict() for finding in findings]}
        text = "\n".join(_line(finding) for finding in findings)
        self.write_result(document, text, as_json=options["json"])
        if faults:
            raise CommandError(f"{faults} {'thing is' if faults == 1 else 'things are'} wrong.")


def _line(finding: Finding) -> str:
    line = f"{finding.state:<6} {finding.check:<16} {finding.message}"
    return f"{line}\n{'':>24}{finding.remedy}" if finding.remedy else line
