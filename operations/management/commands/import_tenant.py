"""manage.py import_tenant"""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from audit.services import SYSTEM
from operations.archives.progress import show_progress
from operations.archives.reader import Archive, open_archive
from operations.archives.restore import (
    LoadOptions,
    LoadResult,
    load_as_new_tenant,
    require_loadable,
    restore_tenant,
)
from operations.management.output import (
    OperationCommand,
    command_errors,
    format_counts,
    manifest_counts,
)
from operations.tenant_owners import reset_owner_password
from tenants.context import ref_of
from tenants.management.arguments import (
    ONE_TENANT,
    add_dry_run_argument,
    add_json_argument,
    named_tenant,
)
from tenants.management.terminal import confirm
from tenants.schemas.owner import owner_connection


class Command(OperationCommand):
    help = (
        "Load an archive of export_tenant, as a new tenant (--as) or in place of the tenant's "
        "current data (--restore). The whole file is verified first. Run an interrupted import "
        "again to finish it.\n\n"
        "Example: manage.py import_tenant acme.tar --as acme-two"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--as", dest="slug", metavar="SLUG", help="the new tenant's subdomain")
        what.add_argument("--restore", metavar="TENANT", help=f"in place of its data; {ONE_TENANT}")
        parser.add_argument("--name", default="", help="of the new tenant; the old one if unset")
        parser.add_argument(
            "--accept-foreign", action="store_true", help="load what another installation signed"
        )
        parser.add_argument(
            "--let-owner-in", action="store_true", help="give the first owner a new password"
        )
        add_dry_run_argument(parser, "verify, and load nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask before --restore")
        add_json_argument(parser, "a JSON object at the end")

    def handle(self, *args: Any, **options: Any) -> None:
        owner_connection()  # refuses now, not half-way, if the owner's login is not known
        with (
            command_errors("Run the command again to go on."),
            show_progress(self.stderr, "loading", "verifying") as watch,
        ):
            path, accept_untrusted = options["file"], options["accept_foreign"]
            with open_archive(path, accept_foreign=accept_untrusted, tick=watch.checked) as archive:
                document = self._act(archive, LoadOptions(SYSTEM, self.report, watch), options)
        if options["json"]:
            self.stdout.write(json.dumps(document))

    def _act(
        self, archive: Archive, load_options: LoadOptions, options: dict[str, Any]
    ) -> dict[str, Any]:
        tenant = named_tenant(options["restore"]) if options["restore"] else None
        require_loadable(archive, tenant)
        self._show(archive)
        if options["dry_run"]:
            return _archive_document(archive)
        if tenant is not None:
            if not options["yes"]:
                slug = tenant.slug
                confirm(slug, f"What {slug} holds now will be lost. Type {slug}: ")
            result = restore_tenant(archive, tenant, load_options)
        else:
            result = load_as_new_tenant(
                archive, slug=options["slug"], name=options["name"], options=load_options
            )
        document = {**_archive_document(archive), **_result_document(result)}
        if options["let_owner_in"]:
            document["owner"], document["password"] = reset_owner_password(
                ref_of(result.tenant), actor=SYSTEM
            )
            self.report(f"owner {document['owner']}, password {document['password']}")
        self.report(f"{result.tenant.slug} holds what the archive does.")
        return document

    def _show(self, archive: Archive) -> None:
        info, counts = archive.manifest.tenant, manifest_counts(archive.manifest)
        self.report(f"{info.name} ({info.slug}), made {archive.manifest.created_at}")
        self.report(f"  {format_counts(counts)}")


def _archive_document(archive: Archive) -> dict[str, Any]:
    return {
        "sha256": archive.sha256,
        "is_ours": archive.is_ours,
        "made_of": archive.manifest.tenant.id,
        **manifest_counts(archive.manifest),
    }


def _result_document(result: LoadResult) -> dict[str, Any]:
    return {
        "id": str(result.tenant.pk),
        "slug": result.tenant.slug,
        "sent": result.sent,
        "removed": result.removed,
        "migrations": result.migrations,
    }
