"""manage.py end_maintenance"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import SYSTEM
from tenants.lifecycle import end_maintenance
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug


class Command(BaseCommand):
    help = (
        "Serve a tenant again that answers 503: after a restore that was given up, or a migration "
        "that was mended by hand. Work that ends well does this by itself; look first whether the "
        "data is whole.\n\nExample: manage.py end_maintenance acme"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = tenant_by_slug(options["slug"])
            if not tenant.maintenance:
                self.stdout.write(f"{tenant.slug} was not under maintenance.")
                return
            end_maintenance(tenant.pk, actor=SYSTEM)
        except TenantNotFound as exc:
            raise CommandError(exc.detail) from exc
        self.stdout.write(f"{tenant.slug} is served again (was: {tenant.maintenance}).")
