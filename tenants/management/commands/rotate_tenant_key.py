"""manage.py rotate_tenant_key"""

from argparse import ArgumentParser
from typing import Any

from audit.services import SYSTEM
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_slug_argument,
    add_yes_argument,
    named_tenant,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant
from tenants.services import rotate_key


class Command(TenantCommand):
    help = (
        "Rotate the signing key of one tenant. All its access and refresh tokens and its sessions "
        "end at once, in every process, so its users must log in again. Other tenants are not "
        "affected.\n\n"
        "Example: manage.py rotate_tenant_key acme --yes"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        add_yes_argument(parser)
        add_dry_run_argument(parser, "only show the key versions")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        tenant = named_tenant(options["slug"])
        if not options["dry_run"]:
            self.confirm(tenant.slug, f"All users of {tenant.slug} are logged out.", options)
            rotate_key(tenant.pk, actor=SYSTEM)
        self._write(tenant, done=not options["dry_run"], as_json=options["json"])

    def _write(self, tenant: Tenant, *, done: bool, as_json: bool) -> None:
        # As it was read; a concurrent rotation makes the new version higher than +1.
        before = tenant.key_version
        after = Tenant.objects.values_list("key_version", flat=True).get(pk=tenant.pk)
        document = {"tenant": tenant.slug, "from": before, "to": after, "rotated": done}
        if done:
            text = f"{tenant.slug}: key {before} -> {after}; every token has ended."
        else:
            text = f"{tenant.slug}: would go from key {before} to {before + 1}."
        self.write_result(document, text, as_json=as_json)
