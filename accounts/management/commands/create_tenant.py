"""manage.py create_tenant"""

import secrets
from argparse import ArgumentParser, FileType
from typing import IO, Any

from accounts.auth.signup import sign_up
from audit.services import SYSTEM
from tenants.management.arguments import add_json_argument
from tenants.management.base import TenantCommand
from tenants.models import Tenant
from tenants.routing import site_url


class Command(TenantCommand):
    help = (
        "Create a tenant and its owner. Without --password-file, a random password is shown "
        "once.\n\n"
        'Example: manage.py create_tenant acme --name "Acme Ltd" --owner ada@acme.example'
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("subdomain", help="acme for acme.aggios.app")
        parser.add_argument("--name", help="the tenant's name (default: the subdomain)")
        parser.add_argument("--owner", required=True, metavar="EMAIL", help="the owner's address")
        parser.add_argument(
            "--password-file",
            metavar="PATH",
            type=FileType("r", encoding="utf-8"),
            help="a file that holds the owner's password; - for standard input",
        )
        parser.add_argument("--first-name", default="")
        parser.add_argument("--last-name", default="")
        parser.add_argument("--registration", choices=Tenant.Registration.values, default="closed")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        password = _password(options["password_file"])
        tenant, session = sign_up(
            company=options["name"] or options["subdomain"],
            subdomain=options["subdomain"],
            email=options["owner"],
            password=password,
            first_name=options["first_name"],
            last_name=options["last_name"],
            registration=options["registration"],
            actor=SYSTEM,
            password_is_given=True,
        )
        created = {
            "id": str(tenant.id),
            "subdomain": tenant.slug,
            "name": tenant.name,
            "schema": tenant.schema_name,
            "object_prefix": tenant.object_prefix,
            "url": site_url(tenant.slug),
            "owner": session.user.email,
            "password": password,
        }
        self.write_result(created, _lines(created), as_json=options["json"])


def _password(given: IO[str] | None) -> str:
    """Return the password from the file, or a random one.

    There is no argument for it, because arguments are visible in the list of processes.
    """
    if given is None:
        return secrets.token_urlsafe(15)
    return given.read().rstrip("\r\n")


def _lines(created: dict[str, str]) -> str:
    return (
        f"{created['name']} is ready at {created['url']}\n"
        f"  owner     {created['owner']}\n"
        f"  password  {created['password']}"
    )
