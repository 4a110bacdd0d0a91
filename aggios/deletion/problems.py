"""Why a tenant is not purged, in words for whoever runs the command."""


class PurgeError(Exception):
    """The tenant stays as it is."""


class PurgeNotDueError(PurgeError):
    """Its deletion was called off, or its day has not come."""


class ExportFolderError(PurgeError):
    """An export is wanted and no folder is named for it."""
