"""Opening a share: the holder of the link gets the file's current content.

A share is active while it is neither revoked nor expired nor used up, its file is not in the trash,
the tenant allows sharing, and its creator is active and may read the file. Only a revocation is
permanent: a share becomes active again when the other conditions do. Every failure is reported as
the same NotFound.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts.permissions import MANAGER_ROLES, current_policy
from audit.services import ANONYMOUS, record
from core.problems import NotFound
from files.models import File, Share
from files.shares.passwords import check_share_password
from files.shares.services import share_target
from files.shares.tokens import token_hashes

CREATOR_CAN_READ_FILE = Q(file__deleted_at=None, created_by__is_active=True) & (
    Q(created_by__role__in=MANAGER_ROLES) | Q(file__owner=F("created_by"))
)


def active_share(token: str) -> Share:
    """Return the active share of a token with its file, without a change. Raises: NotFound."""
    matching = active_shares().filter(token_hash__in=token_hashes(token))
    share = matching.select_related("file__current", "created_by").first()
    if share is None:
        raise NotFound
    return share


def active_shares() -> QuerySet[Share]:
    """Return the shares that can be opened now; none if the tenant's policy turns sharing off."""
    rows = Share.objects.filter(_active_q(timezone.now()), CREATOR_CAN_READ_FILE)
    return rows if current_policy().sharing == "on" else rows.none()


def open_share(share: Share, *, password: str | None) -> File:
    """Count one download of an active share and return its file; write an audit event.

    Raises: NotFound, and the problems of ``check_share_password``.
    """
    check_share_password(share, password)
    with transaction.atomic():
        _count_download(share)
        record(
            "share.opened",
            actor=ANONYMOUS,
            target=share_target(share),
            file=str(share.file_id),
            version=share.file.current.number,
        )
    return share.file


def _active_q(now: datetime) -> Q:
    not_expired = Q(expires_at=None) | Q(expires_at__gt=now)
    not_used_up = Q(max_downloads=None) | Q(downloads__lt=F("max_downloads"))
    return Q(revoked_at=None) & not_expired & not_used_up


def _count_download(share: Share) -> None:
    """Count a download, unless the share was revoked or used up in between. Raises: NotFound.

    The condition uses only columns of the share's row, so that PostgreSQL evaluates it again after
    waiting for a concurrent download or revocation (Read Committed, "UPDATE").
    """
    active = Share.objects.filter(_active_q(timezone.now()), pk=share.pk)
    if not active.update(downloads=F("downloads") + 1):
        raise NotFound
