"""manage.py seed_demo"""

import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from accounts.auth.signup import sign_up
from accounts.models import User
from accounts.users.creation import create_user_without_actor
from audit.services import SYSTEM
from core.db_backend.scope import PUBLIC, use_scope
from staff.models import StaffUser
from tenants.context import ref_of, tenant_context
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand
from tenants.models import Domain
from tenants.queries import tenant_by_slug
from tenants.routing import tenant_host

PASSWORD = "demo-password-42"  # noqa: S105 - printed on purpose; development only
AGENCIES = {
    "acme": ("Acme", [("ada@acme.example", "Ada", "owner"), ("ben@acme.example", "Ben", "member")]),
    "globex": ("Globex", [("cyn@globex.example", "Cyn", "owner")]),
}
STAFF_EMAIL = "staff@aggios.example"


class Command(TenantCommand):
    help = (
        "Make the demonstration's agencies, people and staff, where they are missing, and list "
        "their log-ins. Refused in production.\n\nExample: manage.py seed_demo --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_json_argument(parser, "a JSON array of log-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Known passwords have no place in production. Use create_tenant and create_staff."
            )
        for slug, (name, users) in AGENCIES.items():
            _create_agency(slug, name, users)
        _create_staff()
        rows = _logins()
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2))
            return
        for row in rows:
            self.stdout.write("{role:7} {email:22} {password}  {host}".format(**row))


def _create_agency(slug: str, name: str, users: list[tuple[str, str, str]]) -> None:
    (email, first_name, _), *members = users
    with use_scope(PUBLIC):
        known = Domain.objects.filter(domain=slug).exists()
    if not known:
        sign_up(
            company=name,
            subdomain=slug,
            email=email,
            password=PASSWORD,
            first_name=first_name,
            last_name="",
            actor=SYSTEM,
        )
    with tenant_context(ref_of(tenant_by_slug(slug))), transaction.atomic():
        for member, first, role in members:
            if not User.objects.filter(email=member).exists():
                create_user_without_actor(
                    email=member, password=PASSWORD, role=role, first_name=first, last_name=""
                )


def _create_staff() -> None:
    if not StaffUser.objects.filter(email=STAFF_EMAIL).exists():
        StaffUser.objects.create_superuser(STAFF_EMAIL, PASSWORD, first_name="Sam")


def _logins() -> list[dict[str, str]]:
    users = [
        {"host": tenant_host(slug), "email": email, "password": PASSWORD, "role": role}
        for slug, (_, members) in AGENCIES.items()
        for email, _, role in members
    ]
    staff = {
        "host": tenant_host("admin"),
        "email": STAFF_EMAIL,
        "password": PASSWORD,
        "role": "staff",
    }
    return [*users, staff]
