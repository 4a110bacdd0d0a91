"""manage.py rename_tenant"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import SYSTEM
from core.problems import Problem
from core.text.formatting import timestamp
from core.text.parsing import integer_argument
from tenants.hosts import site_url
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tenants.subdomains import redirect_ends, rename_subdomain


class Command(BaseCommand):
    help = (
        "Give a tenant another subdomain. The former one is redirected for a while; data, tokens "
        "and share links stay good.\n\n"
        "Example: manage.py rename_tenant acme acme-labs --redirect-days 30"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("subdomain", help="the new one")
        parser.add_argument(
            "--redirect-days",
            type=integer_argument(),
            metavar="N",
            help="how long the former one is redirected; SUBDOMAIN_REDIRECT_DAYS when left out, "
            "0 frees it at once",
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = rename_subdomain(
                tenant_by_slug(options["slug"]).id,
                subdomain=options["subdomain"],
                redirect_days=options["redirect_days"],
                actor=SYSTEM,
            )
        except Problem as problem:
            raise CommandError(problem.sentence) from problem
        told = _told(tenant)
        self.stdout.write(json.dumps(told, indent=2) if options["json"] else _lines(told))


def _told(tenant: Tenant) -> dict[str, Any]:
    return {
        "id": str(tenant.id),
        "subdomain": tenant.slug,
        "url": site_url(tenant.slug),
        "redirected_until": {n: timestamp(t) for n, t in redirect_ends(tenant).items()},
    }


def _lines(told: dict[str, Any]) -> str:
    former = [f"  {name} leads there until {end}" for name, end in told["redirected_until"].items()]
    return "\n".join([f"It is at {told['url']} now.", *former])
