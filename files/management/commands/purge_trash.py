"""manage.py purge_trash"""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from core.text.normalization import pluralize
from files.trash import SweepResult, count_due_for_purge, sweep_trash
from tenants.context import ref_of, tenant_context
from tenants.models import Tenant
from tenants.queries import operable_tenants


class Command(BaseCommand):
    help = (
        "Purge files of all tenants that are in the trash for longer than TRASH_SECONDS, and retry "
        "objects that the store did not delete. Uploads and deletions purge a few files each "
        "time; this command is for tenants that have neither.\n\n"
        "Example: manage.py purge_trash --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        self._failed: list[str] = []
        purge = count_due_for_purge if options["dry_run"] else sweep_trash
        results = {
            tenant.slug: result
            for tenant in operable_tenants()
            if (result := self._process(tenant, purge))
        }
        document = {
            "dry_run": options["dry_run"],
            "files": sum(result.files for result in results.values()),
            "left_in_store": sum(result.left_in_store for result in results.values()),
            "tenants": {slug: result.files for slug, result in results.items() if result.files},
            "failed": self._failed,
        }
        self.stdout.write(json.dumps(document) if options["json"] else _summary(document))
        if self._failed:
            raise CommandError(f"{len(self._failed)} could not be purged; the others were.")

    def _process(self, tenant: Tenant, purge: Callable[[], SweepResult]) -> SweepResult | None:
        try:
            with tenant_context(ref_of(tenant)):
                return purge()
        except DatabaseError as exc:
            self._failed.append(tenant.slug)
            self.stderr.write(f"{tenant.slug}: {str(exc).strip()}")
            return None


def _summary(document: dict[str, Any]) -> str:
    verb = "would be purged" if document["dry_run"] else "purged"
    line = f"{pluralize(document['files'], 'file')} {verb}."
    left = document["left_in_store"]
    return f"{line} The store has still to delete {pluralize(left, 'object')}." if left else line
