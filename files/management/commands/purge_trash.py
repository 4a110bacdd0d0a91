"""manage.py purge_trash"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from core.text.normalization import pluralize
from files.trash import SweepResult, count_due_for_purge, sweep_trash
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_tenants_arguments,
    selected_tenants,
)
from tenants.management.base import TenantCommand
from tenants.models import Tenant


class Command(TenantCommand):
    help = (
        "Purge files of all tenants, or of the named ones, that are in the trash for longer than "
        "TRASH_SECONDS, and retry objects that the store did not delete. Uploads and deletions "
        "purge a few files each time; this command is for tenants that have neither.\n\n"
        "Example: manage.py purge_trash --tenant acme --dry-run"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=" (default: all)")
        add_dry_run_argument(parser, "only count")
        add_json_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        purge = count_due_for_purge if options["dry_run"] else sweep_trash
        results: dict[str, SweepResult] = {}

        def purge_tenant(tenant: Tenant) -> None:
            results[tenant.slug] = purge()

        failed = self.for_each_tenant(selected_tenants(options), purge_tenant, "Purging")
        document = {
            "dry_run": options["dry_run"],
            "files": sum(result.files for result in results.values()),
            "left_in_store": sum(result.left_in_store for result in results.values()),
            "tenants": {slug: result.files for slug, result in results.items() if result.files},
            "failed": failed,
        }
        self.write_result(document, _summary(document), as_json=options["json"])
        if failed:
            raise CommandError(f"{len(failed)} could not be purged; the others were. Run it again.")


def _summary(document: dict[str, Any]) -> str:
    verb = "would be purged" if document["dry_run"] else "purged"
    line = f"{pluralize(document['files'], 'file')} {verb}."
    left = document["left_in_store"]
    return f"{line} The store has still to delete {pluralize(left, 'object')}." if left else line
