"""manage.py show_tenant"""

from argparse import ArgumentParser
from typing import Any

from operations.management.tenant_text import format_tenant
from operations.tenant_report import tenant_report
from tenants.management.arguments import add_json_argument, add_slug_argument, named_tenant
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Show one tenant: its state, addresses, people, sessions, e-mails, limits and usage, "
        "schema and key. It changes nothing.\n\n"
        "Example: manage.py show_tenant acme\n"
        "         manage.py show_tenant files.acme.example --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        report = tenant_report(named_tenant(options["slug"]))
        self.write_result(report, format_tenant(report), as_json=options["json"])
