"""manage.py export_tenant"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from audit.services import SYSTEM
from operations.archives.export import ExportResult, export_tenant
from operations.archives.progress import show_progress
from operations.management.output import (
    OperationCommand,
    command_errors,
    format_counts,
    manifest_counts,
)
from tenants.management.arguments import add_json_argument
from tenants.queries import tenant_by_slug


class Command(OperationCommand):
    help = (
        "Write all rows and objects of a tenant into one file with mode 0600. Until it is complete "
        "and was read back it is called FILE.partial; --resume continues that file.\n\n"
        "Example: manage.py export_tenant acme --to /backups/acme.tar --resume"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="the tenant's subdomain")
        parser.add_argument("--to", type=Path, metavar="FILE", required=True)
        parser.add_argument("--resume", action="store_true", help="go on where a run was cut off")
        parser.add_argument(
            "--allow-missing", action="store_true", help="note objects that the store has lost"
        )
        add_json_argument(parser, "a JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors("Go on with --resume."), show_progress(self.stderr) as watch:
            result = export_tenant(
                tenant_by_slug(options["slug"]),
                options["to"],
                actor=SYSTEM,
                resume=options["resume"],
                allow_missing=options["allow_missing"],
                watch=watch,
            )
        document = _result_document(result)
        counts = format_counts(manifest_counts(result.manifest))
        line = f"{result.path}: {result.size} bytes, {counts}\n{result.sha256}"
        self.finish(document, line)


def _result_document(result: ExportResult) -> dict[str, Any]:
    return {
        "file": str(result.path),
        "size": result.size,
        "sha256": result.sha256,
        **manifest_counts(result.manifest),
        "migrations": result.manifest.migrations_digest,
    }
