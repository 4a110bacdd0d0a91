"""manage.py purge_trash"""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from core.text.normalization import pluralize
from files.trash import SweepResult, count_due_for_purge, sweep_trash
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.queries import operable_tenants
from tenants.refs import ref_of


class Command(BaseCommand):
    help = (
        "Delete for good what has been in the trash of any tenant for longer than TRASH_SECONDS, "
        "and what the object store did not let go when it was asked. Uploads and deletions do a "
        "little of it; this is for tenants where nobody does either.\n\n"
        "Example: manage.py purge_trash --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        self._act = count_due_for_purge if options["dry_run"] else sweep_trash
        self._failed: list[str] = []
        done = {
            tenant.slug: swept for tenant in operable_tenants() if (swept := self._done(tenant))
        }
        told = {
            "dry_run": options["dry_run"],
            "files": sum(swept.files for swept in done.values()),
            "left_in_store": sum(swept.left_in_store for swept in done.values()),
            "tenants": {slug: swept.files for slug, swept in done.items() if swept.files},
            "failed": self._failed,
        }
        self.stdout.write(json.dumps(told) if options["json"] else _line(told))
        if self._failed:
            raise CommandError(f"{len(self._failed)} could not be purged; the others were.")

    def _done(self, tenant: Tenant) -> SweepResult | None:
        try:
            with tenant_context(ref_of(tenant)):
                return self._act()
        except DatabaseError as exc:
            self._failed.append(tenant.slug)
            self.stderr.write(f"{tenant.slug}: {str(exc).strip()}")
            return None


def _line(told: dict[str, Any]) -> str:
    verb = "would be purged" if told["dry_run"] else "purged"
    line = f"{pluralize(told['files'], 'file')} {verb}."
    left = told["left_in_store"]
    return f"{line} The store has still to let go of {pluralize(left, 'object')}." if left else line
