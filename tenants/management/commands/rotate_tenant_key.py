"""manage.py rotate_tenant_key"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit.services import SYSTEM
from tenants.management.terminal import confirm
from tenants.models import Tenant
from tenants.problems import TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.services import rotate_key


class Command(BaseCommand):
    help = (
        "Sign with a new key for one tenant. Every access and refresh token of the tenant ends at "
        "once, in every process, and so do its sessions: its people log in again. Nobody else "
        "notices anything.\n\n"
        "Example: manage.py rotate_tenant_key acme --yes"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--dry-run", action="store_true", help="only show the versions")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            tenant = tenant_by_slug(options["slug"])
            if not options["dry_run"]:
                if not options["yes"]:
                    slug = tenant.slug
                    confirm(slug, f"Everybody at {slug} is logged out. Type {slug} to do it: ")
                rotate_key(tenant.pk, actor=SYSTEM)
        except TenantNotFound as exc:
            raise CommandError(exc.detail) from exc
        self._tell(tenant, done=not options["dry_run"], as_json=options["json"])

    def _tell(self, tenant: Tenant, *, done: bool, as_json: bool) -> None:
        # As it was read; if somebody else rotated meanwhile, the version is higher still.
        before = tenant.key_version
        after = Tenant.objects.values_list("key_version", flat=True).get(pk=tenant.pk)
        if as_json:
            found = {"tenant": tenant.slug, "from": before, "to": after, "rotated": done}
            self.stdout.write(json.dumps(found))
        elif done:
            self.stdout.write(f"{tenant.slug}: key {before} -> {after}; every token has ended.")
        else:
            self.stdout.write(f"{tenant.slug}: would go from key {before} to {before + 1}.")
