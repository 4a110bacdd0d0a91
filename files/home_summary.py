"""What the home page of a workspace shows of a user's files: few queries, whatever their number."""

from dataclasses import dataclass

from django.db.models import Count, QuerySet, Sum
from django.utils import timezone

from accounts.models import User
from files.models import File, FileVersion, Share, Upload
from files.queries import readable_files
from files.shares.access import active_shares

RECENT_FILES = 6
SHOWN_SHARES = 4


@dataclass(frozen=True, slots=True)
class OwnStorage:
    """What the versions of a user's files use, those in the trash included."""

    objects: int
    size: int


def recent_files(user: User) -> QuerySet[File]:
    """Return the newest files that the user may read."""
    return readable_files(user).order_by("-created_at", "-id")[:RECENT_FILES]


def own_storage(user: User) -> OwnStorage:
    """Return what the user's files use. A restored version shares its object and is not counted."""
    versions = FileVersion.objects.filter(file__owner=user, restored_from=None)
    totals = versions.aggregate(count=Count("pk"), size=Sum("size"))
    return OwnStorage(totals["count"], totals["size"] or 0)


def shown_shares(user: User) -> QuerySet[Share]:
    """Return the newest active shares that the user created, with their files."""
    own = active_shares().filter(created_by=user).select_related("file")
    return own.order_by("-created_at", "-id")[:SHOWN_SHARES]


def count_unfinished_uploads(user: User) -> int:
    """Return how many uploads the user has begun that can be continued."""
    pending = Upload.objects.filter(created_by=user, state=Upload.State.PENDING)
    resumable = pending.exclude(strategy=Upload.Strategy.BACKEND)
    return resumable.filter(expires_at__gt=timezone.now(), verify_at=None).count()


def has_files() -> bool:
    """Return whether the tenant has a file, in the trash or not."""
    return File.objects.exists()
