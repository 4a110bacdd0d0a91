"""manage.py reset_staff_factor"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from staff.second_factor import remove_factor
from staff.services import staff_by_email
from tenants.management.arguments import add_dry_run_argument, add_json_argument
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Remove the second factor of a staff user who lost it. The user's log-ins end. Where a "
        "second factor is required, the user must add one at the next log-in.\n\n"
        "Example: manage.py reset_staff_factor sam@aggios.example"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        add_dry_run_argument(parser, "only tell whether there is one")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        dry = options["dry_run"]
        with use_scope(PUBLIC):
            staff = staff_by_email(options["email"])
            if staff is None:
                raise CommandError(
                    f"No staff user has the address {options['email']}. The admin lists them."
                )
            had = staff.second_factor_at is not None
            if had and not dry:
                remove_factor(staff, actor=SYSTEM, why="reset")
        told = {"email": staff.email, "had_factor": had, "reset": had and not dry}
        self.stdout.write(json.dumps(told) if options["json"] else _line(staff.email, had, dry))


def _line(email: str, had: bool, dry: bool) -> str:
    if not had:
        return f"{email} has no second factor; nothing was changed."
    return f"The second factor of {email} {'would be' if dry else 'was'} reset."
