"""manage.py create_staff_token"""

import json
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.problems import ValidationFailed
from core.text.names import clean_name
from core.text.normalization import timestamp
from core.text.parsing import integer_argument
from staff.services import staff_by_email
from staff.tokens import issue_token
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand

LONGEST_DAYS = 366
LONGEST_NAME = 100


class Command(TenantCommand):
    help = (
        "Create a token for a program that calls the staff API with the permissions of a staff "
        "user. It is shown once. It ends after its days, with a new password of the user, or when "
        "it is revoked in the admin.\n\n"
        "Example: manage.py create_staff_token sam@aggios.example --name ci --days 30"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the staff user")
        parser.add_argument("--name", required=True, help="the purpose of the token")
        parser.add_argument(
            "--days", type=integer_argument(), default=30, help="days of validity (30)"
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        name, days = options["name"], options["days"]
        if not 1 <= days <= LONGEST_DAYS:
            raise CommandError(f"--days must be 1 to {LONGEST_DAYS}.")
        try:
            name = clean_name(name, field="--name", max_length=LONGEST_NAME)
        except ValidationFailed as exc:
            raise CommandError(exc.errors[0].detail) from exc
        staff = staff_by_email(options["email"])
        if staff is None or not staff.is_active:
            raise CommandError(
                f"No active staff user has the address {options['email']}. The admin lists them."
            )
        issued = issue_token(staff, lifetime=timedelta(days=days), actor=SYSTEM, name=name)
        made = {
            "id": str(issued.row.pk),
            "email": staff.email,
            "name": name,
            "expires_at": timestamp(issued.row.expires_at),
            "token": issued.text,
        }
        self.stdout.write(json.dumps(made, indent=2) if options["json"] else issued.text)
