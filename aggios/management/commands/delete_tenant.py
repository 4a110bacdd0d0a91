"""manage.py delete_tenant"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aggios.tenant_deletion import Inventory, delete, take_inventory
from core.problems import StorageUnavailable
from tenants.database.owner import owner_connection
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug


class Command(BaseCommand):
    help = (
        "Delete a tenant for good: its schema, its role, its objects, its names. There is no way "
        "back. A run that was cut off is finished by running it again.\n\n"
        "Example: manage.py delete_tenant acme --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only show what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()  # refuses now, not half-way, if the owner's login is not known
        try:
            tenant = tenant_by_slug(options["slug"])
            self._show(tenant, take_inventory(tenant))
            if options["dry_run"]:
                return
            if not options["yes"]:
                self._confirm(tenant)
            delete(tenant, report=self._report)
        except TenantNotFound as exc:
            raise CommandError(exc.detail) from exc
        except StorageUnavailable as exc:
            raise CommandError(f"{exc.detail} Run the command again when it answers.") from exc
        self.stdout.write(f"{options['slug']} is gone.")

    def _show(self, tenant: Tenant, found: Inventory) -> None:
        self.stdout.write(f"{tenant.name} ({tenant.slug}), schema {tenant.schema_name}")
        for table, rows in found.rows.items():
            self.stdout.write(f"  {rows:>10} rows in {table}")
        held = found.held
        self.stdout.write(
            f"  {held.objects:>10} objects, {held.size} bytes, {held.unfinished} unfinished uploads"
        )

    def _confirm(self, tenant: Tenant) -> None:
        try:
            typed = input(f"This cannot be undone. Type {tenant.slug} to delete it: ")
        except EOFError:
            raise CommandError("Nobody is there to confirm; give --yes.") from None
        if typed.strip() != tenant.slug:
            raise CommandError("Nothing was deleted.")

    def _report(self, line: str) -> None:
        self.stdout.write(line)
