"""The export before a purge."""

from pathlib import Path
from typing import Protocol

from audit.services import Actor
from operations.archives.export import ExportResult, export_tenant
from operations.archives.progress import ProgressCallbacks
from operations.archives.reader import open_archive
from operations.errors import ArchiveError, ExportFolderError
from tenants.models import Tenant


class ExportOptions(Protocol):
    """The options of a purge that an export needs."""

    @property
    def actor(self) -> Actor:
        """The actor of the purge."""

    @property
    def folder(self) -> Path | None:
        """The folder of archives."""

    @property
    def watch(self) -> ProgressCallbacks:
        """Callbacks for progress."""


def export_before_purge(tenant: Tenant, options: ExportOptions) -> ExportResult | None:
    """Export a tenant unless its deletion was scheduled without export. Resumable.

    The file name has the time of the request. An archive of an earlier, cancelled request can lack
    later data, so it is not used.

    Raises: ExportFolderError, ArchiveError, StorageUnavailable, OSError.
    """
    if not tenant.export_before_deletion:
        return None
    folder = require_export_folder(options.folder)
    requested_at = tenant.deletion_requested_at
    moment = requested_at.strftime("%Y%m%dT%H%M%S%fZ") if requested_at else "deleting"
    path = folder / f"{tenant.slug or 'tenant'}-{tenant.pk.hex}-{moment}.tar"
    if path.exists():
        return _verify_existing(tenant, path)
    return export_tenant(tenant, path, actor=options.actor, resume=True, watch=options.watch)


def export_again(
    tenant: Tenant, outdated: ExportResult, options: ExportOptions
) -> ExportResult | None:
    """Export a tenant that has changed since; the outdated archive is renamed and kept."""
    outdated.path.rename(outdated.path.with_suffix(".outdated.tar"))
    return export_before_purge(tenant, options)


def require_export_folder(folder: Path | None) -> Path:
    """Return the folder of archives. Raises: ExportFolderError without one."""
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
