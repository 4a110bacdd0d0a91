"""manage.py end_maintenance"""

from argparse import ArgumentParser
from typing import Any

from audit.services import SYSTEM
from tenants.lifecycle import end_maintenance
from tenants.management.arguments import add_slug_argument, named_tenant
from tenants.management.base import TenantCommand


class Command(TenantCommand):
    help = (
        "Serve a tenant again that is in maintenance, after an abandoned restore or after a failed "
        "migration was repaired by hand. Successful work ends the maintenance by itself. Check "
        "first that the data is complete.\n\nExample: manage.py end_maintenance acme"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = named_tenant(options["slug"])
        if not tenant.maintenance:
            self.stdout.write(f"{tenant.slug} was not under maintenance.")
            return
        end_maintenance(tenant.pk, actor=SYSTEM)
        self.stdout.write(f"{tenant.slug} is served again (was: {tenant.maintenance}).")
