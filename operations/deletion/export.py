"""The export that comes before a purge."""

from pathlib import Path
from typing import Protocol

from aggios.deletion.problems import NowhereToExport
from audit.services import Actor
from operations.archives.export import Exported, Watch, export_tenant
from operations.archives.reader import opened
from operations.errors import ArchiveError
from tenants.models import Tenant


class Wanted(Protocol):
    """What an export needs to know of a wish to purge."""

    @property
    def actor(self) -> Actor:
        """Who acts."""

    @property
    def folder(self) -> Path | None:
        """Where archives go."""

    @property
    def watch(self) -> Watch:
        """Who is told of progress."""


def exported_before(tenant: Tenant, wish: Wanted) -> Exported | None:
    """Export a tenant unless it was scheduled without; goes on where a former run stopped.

    The name holds the moment of the request, so an archive of an earlier request, which may lack
    what came after it was called off, is never taken for this one's. Raises NowhereToExport,
    ArchiveError, StorageUnavailable, OSError.
    """
    if not tenant.export_before_deletion:
        return None
    folder = require_place(wish.folder)
    asked = tenant.deletion_requested_at
    moment = asked.strftime("%Y%m%dT%H%M%S%fZ") if asked else "deleting"
    path = folder / f"{tenant.slug or 'tenant'}-{tenant.pk.hex}-{moment}.tar"
    if path.exists():
        return _read_back(tenant, path)
    return export_tenant(tenant, path, actor=wish.actor, resume=True, watch=wish.watch)


def exported_again(tenant: Tenant, outdated: Exported, wish: Wanted) -> Exported | None:
    """Export a tenant that has changed since; the archive from before is kept beside, renamed."""
    outdated.path.rename(outdated.path.with_suffix(".outdated.tar"))
    return exported_before(tenant, wish)


def require_place(folder: Path | None) -> Path:
    """Return the folder that archives go to. Raises NowhereToExport without one."""
    if folder is None:
        raise NowhereToExport(
            "It is to be exported first: set TENANT_EXPORT_DIR, or give --to DIR or --no-export."
        )
    if not folder.is_dir():
        raise NowhereToExport(f"It is to be exported first, and {folder} is no folder.")
    return folder


def _read_back(tenant: Tenant, path: Path) -> Exported:
    with opened(path) as archive:
        if archive.manifest.tenant.id != str(tenant.pk):
            raise ArchiveError(f"{path} is the archive of another tenant.")
        return Exported(path, archive.file.size, archive.sha256, archive.manifest)
