"""What can be wrong with an archive, in words for whoever runs the command."""


class ArchiveError(Exception):
    """Something about an archive, or about the tenant it is made of, does not fit."""


class Damaged(ArchiveError):  # noqa: N818 - reads as what it says
    """The file is not what was written."""


class Foreign(ArchiveError):  # noqa: N818
    """The file is whole, but no key of this installation signed it."""


class Unfit(ArchiveError):  # noqa: N818
    """The file is whole and cannot be loaded here: another format, an unknown migration."""


class Busy(ArchiveError):  # noqa: N818
    """Another run is at work on the tenant."""


class Incomplete(ArchiveError):  # noqa: N818
    """The tenant's rows name objects that the store does not have as they were stored."""
