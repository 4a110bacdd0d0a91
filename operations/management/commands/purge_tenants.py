"""manage.py purge_tenants"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError

from audit.services import SYSTEM
from core.problems import Problem
from operations.archives.progress import show_progress
from operations.deletion.purge import PurgeOptions, purge_tenant
from operations.errors import ArchiveError, PurgeError, PurgeNotDueError, TenantBusyError
from operations.management.output import OperationCommand, error_line
from tenants.lifecycle import tenants_due_for_deletion
from tenants.management.arguments import (
    add_dry_run_argument,
    add_json_argument,
    add_tenants_arguments,
    given_names,
    named_tenant,
)
from tenants.models import Tenant
from tenants.schemas.owner import owner_connection

FAILURES = (PurgeError, ArchiveError, Problem, OSError, DatabaseError, psycopg.Error)


class Command(OperationCommand):
    help = (
        "Purge the tenants whose deletion is due, and finish interrupted purges. "
        "Each is exported first unless it was scheduled without. One that fails does not stop the "
        "others; the exit status tells.\n\nExample: manage.py purge_tenants --to /backups --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_tenants_arguments(parser, otherwise=", if it is due (default: all that are)")
        parser.add_argument("--to", type=Path, metavar="DIR", help="else TENANT_EXPORT_DIR")
        parser.add_argument("--no-export", action="store_true", help="keep no archives at all")
        add_dry_run_argument(parser, "only list what is due")
        add_json_argument(parser, "a JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()
        wanted = {named_tenant(name).pk for name in given_names(options)}
        due = [t for t in tenants_due_for_deletion() if not wanted or t.pk in wanted]
        if options["dry_run"]:
            rows = [{"slug": tenant.slug, "id": str(tenant.pk)} for tenant in due]
        else:
            rows = [self._purge(tenant, options) for tenant in due]
        self._end(rows, "due" if options["dry_run"] else "purged")

    def _purge(self, tenant: Tenant, options: dict[str, Any]) -> dict[str, Any]:
        row = {"slug": tenant.slug, "id": str(tenant.pk)}
        folder = options["to"] or settings.TENANT_EXPORT_DIR
        self.report(f"{tenant.slug} ({tenant.pk})")
        try:
            with show_progress(self.stderr) as watch:
                purge_options = PurgeOptions(
                    SYSTEM, folder, not options["no_export"], self.report, watch
                )
                certificate = purge_tenant(tenant, purge_options)
        except (
            TenantBusyError,
            PurgeNotDueError,
        ) as exc:  # another run purges it, or its deletion was cancelled
            reason = error_line(exc)
            self.report(f"  left as it is: {reason}")
            return {**row, "skipped": reason}
        except FAILURES as exc:
            reason = error_line(exc)
            self.stderr.write(f"{tenant.slug}: {reason}")
            return {**row, "error": reason}
        self.report(f"  certificate {certificate.pk}")
        return {**row, "certificate": str(certificate.pk), "digest": certificate.digest}

    def _end(self, rows: list[dict[str, Any]], verb: str) -> None:
        failed = [row for row in rows if "error" in row]
        done = [row for row in rows if "error" not in row and "skipped" not in row]
        self.finish(rows, f"{len(done)} {verb}")
        if failed:
            raise CommandError(f"{len(failed)} failed; run the command again.")
