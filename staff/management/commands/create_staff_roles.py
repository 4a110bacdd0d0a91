"""manage.py create_staff_roles"""

from argparse import ArgumentParser
from typing import Any

from audit.services import SYSTEM
from staff.roles import create_roles
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Create the roles of staff as groups: support, billing, operator and security. A role that "
        "exists keeps its permissions, unless --reset is given. Assign roles in the admin.\n\n"
        "Example: manage.py create_staff_roles"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--reset", action="store_true", help="give existing roles their first permissions again"
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        made = create_roles(actor=SYSTEM, reset=options["reset"])
        text = "\n".join(f"{name:<10}{outcome}" for name, outcome in made.items())
        self.write_result(made, text, as_json=options["json"])
