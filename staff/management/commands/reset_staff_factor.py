"""manage.py reset_staff_factor"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import SYSTEM
from core.database.scope import PUBLIC, enter
from staff.second_factor import remove_factor
from staff.services import staff_by_email


class Command(BaseCommand):
    help = (
        "Take the second factor from a member of staff who lost it. Their log-ins end; where one "
        "is required they are asked to add another when they next log in.\n\n"
        "Example: manage.py reset_staff_factor sam@aggios.example"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        with enter(PUBLIC):
            staff = staff_by_email(options["email"])
            if staff is None:
                raise CommandError(f"Nobody of the staff has the address {options['email']}.")
            if staff.second_factor_at is None:
                self.stdout.write(f"{staff.email} has no second factor; nothing was changed.")
                return
            remove_factor(staff, actor=SYSTEM, why="reset")
            self.stdout.write(f"The second factor of {staff.email} was reset.")
