"""The export that comes before a purge."""

from pathlib import Path
from typing import Protocol

from audit.services import Actor
from operations.archives.export import ExportResult, ProgressCallbacks, export_tenant
from operations.archives.reader import open_archive
from operations.errors import ArchiveError, ExportFolderError
from tenants.models import Tenant


class ExportOptions(Protocol):
    """What an export needs to know of a wish to purge."""

    @property
    def actor(self) -> Actor:
        """Who acts."""

    @property
    def folder(self) -> Path | None:
        """Where archives go."""

    @property
    def watch(self) -> ProgressCallbacks:
        """Who is told of progress."""


def export_before_purge(tenant: Tenant, wish: ExportOptions) -> ExportResult | None:
    """Export a tenant unless it was scheduled without; goes on where a former run stopped.

    The name holds the moment of the request, so an archive of an earlier request, which may lack
    what came after it was called off, is never taken for this one's. Raises NowhereToExport,
    ArchiveError, StorageUnavailable, OSError.
    """
    if not tenant.export_before_deletion:
        return None
    folder = require_export_folder(wish.folder)
    asked = tenant.deletion_requested_at
    moment = asked.strftime("%Y%m%dT%H%M%S%fZ") if asked else "deleting"
    path = folder / f"{tenant.slug or 'tenant'}-{tenant.pk.hex}-{moment}.tar"
    if path.exists():
        return _verify_existing(tenant, path)
    return export_tenant(tenant, path, actor=wish.actor, resume=True, watch=wish.watch)


def export_again(
    tenant: Tenant, outdated: ExportResult, wish: ExportOptions
) -> ExportResult | None:
    """Export a tenant that has changed since; the archive from before is kept beside, renamed."""
    outdated.path.rename(outdated.path.with_suffix(".outdated.tar"))
    return export_before_purge(tenant, wish)


def require_export_folder(folder: Path | None) -> Path:
    """Return the folder that archives go to. Raises NowhereToExport without one."""
    if folder is None:
        raise ExportFolderError(
            "It is to be exported first: set TENANT_EXPORT_DIR, or give --to DIR or --no-export."
        )
    if not folder.is_dir():
        raise ExportFolderError(f"It is to be exported first, and {folder} is no folder.")
    return folder


def _verify_existing(tenant: Tenant, path: Path) -> ExportResult:
    with open_archive(path) as archive:
        if archive.manifest.tenant.id != str(tenant.pk):
            raise ArchiveError(f"{path} is the archive of another tenant.")
        return ExportResult(path, archive.file.size, archive.sha256, archive.manifest)
