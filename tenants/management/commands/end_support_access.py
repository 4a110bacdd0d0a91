"""manage.py end_support_access"""

from argparse import ArgumentParser
from typing import Any

from core.text.normalization import pluralize
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand
from tenants.support_access.services import end_overdue_accesses


class Command(TenantCommand):
    help = (
        "Record the end of support accesses whose time is over, and of requests that no owner "
        "answered in time. They are refused from that time on, whether it is recorded or not.\n\n"
        "Example: manage.py end_support_access"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        count = end_overdue_accesses()
        text = f"{pluralize(count, 'support access', 'support accesses')} ended."
        self.write_result({"ended": count}, text, as_json=options["json"])
