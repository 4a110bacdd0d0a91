"""What can be wrong with an archive, in words for whoever runs the command."""


class ArchiveError(Exception):
    """Something about an archive, or about the tenant it is made of, does not fit."""


class DamagedArchiveError(ArchiveError):
    """The file is not what was written."""


class UntrustedArchiveError(ArchiveError):
    """The file is whole, but no key of this installation signed it."""


class IncompatibleError(ArchiveError):
    """The file is whole and cannot be loaded here: another format, an unknown migration."""


class TenantBusyError(ArchiveError):
    """Another run is at work on the tenant."""


class MissingObjectError(ArchiveError):
    """The tenant's rows name objects that the store does not have as they were stored."""


# Why a tenant is not purged, in words for whoever runs the command.


class PurgeError(Exception):
    """The tenant stays as it is."""


class PurgeNotDueError(PurgeError):
    """Its deletion was called off, or its day has not come."""


class ExportFolderError(PurgeError):
    """An export is wanted and no folder is named for it."""
