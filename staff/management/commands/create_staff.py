"""manage.py create_staff"""

import getpass
import json
import secrets
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from audit.services import SYSTEM
from core.problems import Problem
from staff.models import StaffUser
from staff.roles import ROLES, assign_role
from staff.services import create_staff, staff_by_email
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Create a staff user, who logs in at admin.{BASE_DOMAIN}/admin/. The command asks for the "
        "password unless it is read from a file or generated.\n\n"
        "Example: manage.py create_staff ada@aggios.example --superuser --generate-password"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--superuser", action="store_true", help="grant all permissions")
        parser.add_argument(
            "--role", choices=sorted(ROLES), help="permissions, by create_staff_roles"
        )
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--password-file", metavar="FILE", help="read it from here; - is stdin")
        source.add_argument(
            "--generate-password", action="store_true", help="generate one and show it once"
        )
        parser.add_argument(
            "--if-missing", action="store_true", help="succeed without a change if the user exists"
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        known = staff_by_email(options["email"]) if options["if_missing"] else None
        password = "" if known else _password(options)
        staff = known or _created(password, options)
        if options["role"] and known is None:
            assign_role(staff, options["role"], actor=SYSTEM)
        made = {
            "id": str(staff.pk),
            "email": staff.email,
            "is_superuser": staff.is_superuser,
            "created": known is None,
        }
        if options["generate_password"] and not known:
            made["password"] = password
        self.stdout.write(json.dumps(made, indent=2) if options["json"] else _lines(made))


def _created(password: str, options: dict[str, Any]) -> StaffUser:
    try:
        return create_staff(
            email=options["email"],
            password=password,
            actor=SYSTEM,
            is_superuser=options["superuser"],
            first_name=options["first_name"],
            last_name=options["last_name"],
        )
    except Problem as problem:
        errors = "; ".join(f"{error.field}: {error.detail}" for error in problem.errors)
        raise CommandError(errors or problem.detail) from problem


def _password(options: dict[str, Any]) -> str:
    if options["generate_password"]:
        return secrets.token_urlsafe(15)
    source = options["password_file"]
    if source is None:
        return _asked()
    if source == "-":
        return sys.stdin.readline().rstrip("\r\n")
    try:
        return Path(source).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise CommandError(f"{source} cannot be read: {exc}") from exc


def _asked() -> str:
    if not sys.stdin.isatty():
        raise CommandError(
            "Give --password-file or --generate-password: there is no terminal to ask on."
        )
    password = getpass.getpass("Password: ")
    if password != getpass.getpass("Password (again): "):
        raise CommandError("The two passwords differ. Run the command again.")
    return password


def _lines(made: dict[str, Any]) -> str:
    if not made["created"]:
        return f"{made['email']} exists; nothing was changed."
    shown = f"\n  password  {made['password']}" if "password" in made else ""
    can = f"{made['email']} can log in to the admin.{shown}"
    tasks = [task for task, is_asked in _first_tasks() if is_asked]
    if not tasks:
        return can
    asked = " and to ".join(tasks)
    return f"{can}\nThey will be asked to {asked} before anything else is open to them."


def _first_tasks() -> list[tuple[str, bool]]:
    password_change: str = settings.STAFF_FIRST_PASSWORD_CHANGE
    return [
        ("choose another password", password_change == "required"),  # noqa: S105 - no password
        ("add a second factor", settings.STAFF_SECOND_FACTOR == "required"),
    ]
