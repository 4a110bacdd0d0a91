"""manage.py export_tenant"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from audit.services import SYSTEM
from core.text.sizes import format_size
from operations.archives.export import ExportResult, export_tenant
from operations.archives.progress import show_progress
from operations.management.output import (
    OperationCommand,
    command_errors,
    format_counts,
    manifest_counts,
)
from tenants.management.arguments import add_json_argument, add_slug_argument, named_tenant


class Command(OperationCommand):
    help = (
        "Write all rows and objects of a tenant into one file with mode 0600. Until it is complete "
        "and was read back it is called FILE.partial; --resume continues that file.\n\n"
        "Example: manage.py export_tenant acme --to /backups/acme.tar --resume"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_slug_argument(parser)
        parser.add_argument("--to", type=Path, metavar="FILE", required=True)
        parser.add_argument("--resume", action="store_true", help="go on where a run was cut off")
        parser.add_argument(
            "--allow-missing", action="store_true", help="note objects that the store has lost"
        )
        add_json_argument(parser, "a JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        with command_errors("Go on with --resume."), show_progress(self.stderr) as watch:
            result = export_tenant(
                named_tenant(options["slug"]),
                options["to"],
                actor=SYSTEM,
                resume=options["resume"],
                allow_missing=options["allow_missing"],
                watch=watch,
            )
        document = _result_document(result)
        counts = format_counts(manifest_counts(result.manifest))
        line = f"{result.path}: {format_size(result.size)}, {counts}\n{result.sha256}"
        self.finish(document, line)


def _result_document(result: ExportResult) -> dict[str, Any]:
    return {
        "file": str(result.path),
        "size": result.size,
        "sha256": result.sha256,
        **manifest_counts(result.manifest),
        "migrations": result.manifest.migrations_digest,
    }
