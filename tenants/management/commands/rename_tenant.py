"""manage.py rename_tenant"""

from argparse import ArgumentParser
from typing import Any

from audit.services import SYSTEM
from core.text.normalization import timestamp
from core.text.parsing import integer_argument
from tenants.management.arguments import add_json_argument, add_slug_argument, named_tenant
from tenants.management.base import TenantCommand
from tenants.models import Tenant
from tenants.routing import site_url
from tenants.subdomains import redirect_ends, rename_subdomain


class Command(TenantCommand):
    help = (
        "Change a tenant's subdomain. The former one is redirected for some time; data, tokens and "
        "share links stay valid.\n\n"
        "Example: manage.py rename_tenant acme acme-labs --redirect-days 30"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("subdomain", help="the new subdomain")
        parser.add_argument(
            "--redirect-days",
            type=integer_argument(),
            metavar="N",
            help="days of the redirect (default: SUBDOMAIN_REDIRECT_DAYS); 0 frees the former "
            "subdomain at once",
        )
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = rename_subdomain(
            named_tenant(options["slug"]).id,
            subdomain=options["subdomain"],
            redirect_days=options["redirect_days"],
            actor=SYSTEM,
        )
        document = _serialize(tenant)
        self.write_result(document, _format(document), as_json=options["json"])


def _serialize(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.id),
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
        "redirected_until": {name: timestamp(end) for name, end in redirect_ends(tenant).items()},
    }


def _format(document: dict[str, Any]) -> str:
    ends = document["redirected_until"].items()
    former = [f"  {name} redirects there until {end}" for name, end in ends]
    return "\n".join([f"The tenant is now at {document['url']}.", *former])
