"""What uses a tenant's storage: its largest files, and the share of each user."""

from dataclasses import dataclass

from django.db.models import Count, Q, Sum

from accounts.models import User
from files.models import File, FileVersion
from files.queries import readable_files

LARGEST_FILES, MAX_USERS = 10, 100


@dataclass(frozen=True, slots=True)
class UserStorage:
    """The storage of one user's files: all versions, with those in the trash.

    ``files`` are those that are not in the trash.
    """

    user: User
    storage_bytes: int
    files: int


def count_files() -> int:
    """Return the number of files of the tenant that are not in the trash."""
    return File.objects.filter(deleted_at=None).count()


def largest_files(user: User, limit: int = LARGEST_FILES) -> list[File]:
    """Return the largest files that the user may read, by the size of their current versions."""
    return list(readable_files(user).order_by("-size", "-pk")[:limit])


def storage_by_user(limit: int = MAX_USERS) -> list[UserStorage]:
    """Return the users whose files take the most storage, the largest first.

    Removed users are included: their files belong to the tenant and stay.
    """
    # A restored version shares the object of the version that it was restored from.
    own = FileVersion.objects.filter(restored_from=None).order_by()
    sums = own.values_list("file__owner").annotate(total=Sum("size"))
    rows = list(sums.order_by("-total", "file__owner")[:limit])
    owners = [owner for owner, _ in rows]
    users = User.objects.annotate(
        file_count=Count("files", filter=Q(files__deleted_at=None))
    ).in_bulk(owners)
    return [UserStorage(users[owner], total, users[owner].file_count) for owner, total in rows]
