"""manage.py export_tenant"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from audit.services import SYSTEM
from operations.archives.export import ExportResult, export_tenant
from operations.archives.progress import show_progress
from operations.management.output import command_errors, format_counts, manifest_counts
from tenants.queries import tenant_by_slug


class Command(BaseCommand):
    help = (
        "Write everything of a tenant into one file, which only you may read: rows and objects. "
        "Until it is whole and was read back it is called FILE.partial; --resume goes on with "
        "that.\n\nExample: manage.py export_tenant acme --to /backups/acme.tar --resume"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--to", type=Path, metavar="FILE", required=True)
        parser.add_argument("--resume", action="store_true", help="go on where a run was cut off")
        parser.add_argument(
            "--allow-missing", action="store_true", help="note objects that the store has lost"
        )
        parser.add_argument("--json", action="store_true", help="print a JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors("Go on with --resume."), show_progress(self.stderr) as watch:
            done = export_tenant(
                tenant_by_slug(options["slug"]),
                options["to"],
                actor=SYSTEM,
                resume=options["resume"],
                allow_missing=options["allow_missing"],
                watch=watch,
            )
        told = _result_document(done)
        counts = format_counts(manifest_counts(done.manifest))
        line = f"{done.path}: {done.size} bytes, {counts}\n{done.sha256}"
        self.stdout.write(json.dumps(told) if options["json"] else line)


def _result_document(done: ExportResult) -> dict[str, Any]:
    return {
        "file": str(done.path),
        "size": done.size,
        "sha256": done.sha256,
        **manifest_counts(done.manifest),
        "migrations": done.manifest.migrations_digest,
    }
