"""Why a tenant is not purged, in words for whoever runs the command."""


class NotPurged(Exception):  # noqa: N818 - reads as what it says
    """The tenant stays as it is."""


class NotDue(NotPurged):
    """Its deletion was called off, or its day has not come."""


class NowhereToExport(NotPurged):
    """An export is wanted and no folder is named for it."""
