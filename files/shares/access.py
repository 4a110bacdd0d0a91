"""Opening a link: whoever has it gets the file's current content, as often as it may be had.

A link is good while it is neither revoked nor expired nor used up, its file is not in the trash,
the workspace lets files be shared, and whoever made it is active and may see the file. What is good
again later is good again by itself; only revoking is for ever. For everything else there is one
answer: NotFound.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.permissions import MANAGER_ROLES
from accounts.tenant_policy import current_policy
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
    """Return the good link of a token with its file, changing nothing. Raises NotFound."""
    hashes = token_hashes(token) if current_policy().sharing == "on" else []
    good = Share.objects.filter(
        _active_q(timezone.now()), CREATOR_CAN_READ_FILE, token_hash__in=hashes
    )
    share = good.select_related("file__current").first()
    if share is None:
        raise NotFound
    return share


def open_share(share: Share, *, password: str | None) -> File:
    """Count one opening of a good link and return its file. Every opening is on record.

    Raises NotFound, and what ``check_share_password`` raises.
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
    in_time = Q(expires_at=None) | Q(expires_at__gt=now)
    left = Q(max_downloads=None) | Q(downloads__lt=F("max_downloads"))
    return Q(revoked_at=None) & in_time & left


def _count_download(share: Share) -> None:
    """Raise NotFound when it was revoked or used up meanwhile.

    Columns of the link's row alone, so that PostgreSQL looks at them again when it has waited for
    another opening or for a revocation (Read Committed, "UPDATE").
    """
    good = Share.objects.filter(_active_q(timezone.now()), pk=share.pk)
    if not good.update(downloads=F("downloads") + 1):
        raise NotFound
