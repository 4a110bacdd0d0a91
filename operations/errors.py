"""Errors of operations on whole tenants. Their messages are shown by the commands."""


class ArchiveError(Exception):
    """An archive, or its tenant, is not valid for the operation."""


class DamagedArchiveError(ArchiveError):
    """The file differs from what was written."""


class UntrustedArchiveError(ArchiveError):
    """The file is complete, but no key of this installation signed it."""


class IncompatibleError(ArchiveError):
    """The data cannot be loaded here: another format, an unknown migration, no masking rule."""


class TenantBusyError(ArchiveError):
    """Another run is working on the tenant."""


class MissingObjectError(ArchiveError):
    """Rows of the tenant name an object that the store does not have as it was stored."""


class PurgeError(Exception):
    """The tenant was not purged."""


class PurgeNotDueError(PurgeError):
    """The deletion was cancelled, or is not due yet."""


class ExportFolderError(PurgeError):
    """An export is required and no folder is configured."""
