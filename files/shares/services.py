"""Making and revoking links. Each verb is one transaction, audited, and names who acts."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import User
from accounts.tenant_policy import current_policy
from audit.services import Actor, Target, record
from files.access import readable_file, writable_file
from files.models import File, Share
from files.problems import SharingOff, TooManyShares
from files.shares.queries import writable_share
from files.shares.tokens import create_share_token


def share_target(share: Share) -> Target:
    """Return a link as an audit target, called after its file."""
    return Target("share", str(share.id), share.file.name)


def require_shareable(file_id: uuid.UUID, *, user: User) -> None:
    """Raise NotFound for a file that the person may not see, SharingOff where nobody shares."""
    readable_file(user, file_id)
    if current_policy().sharing == "off":
        raise SharingOff


def create_share(
    file_id: uuid.UUID,
    *,
    user: User,
    expires_at: datetime | None = None,
    max_downloads: int | None = None,
    password: str = "",
) -> Share:
    """Make a link to a file. ``password`` is the hash of one, or empty for none.

    Raises NotFound, SharingOff, TooManyShares.
    """
    require_shareable(file_id, user=user)
    token_hash, token_sealed = create_share_token()
    with transaction.atomic():
        # Locked, or it could be purged before the commit, with nothing left to refer to; and links
        # made at once are counted one by one.
        file = writable_file(user, file_id)
        _check_share_limit(file)
        share = Share.objects.create(
            file=file,
            token_hash=token_hash,
            token_sealed=token_sealed,
            password=password,
            expires_at=expires_at,
            max_downloads=max_downloads,
            created_by=user,
        )
        record(
            "share.created",
            actor=user_actor(user),
            target=share_target(share),
            file=str(share.file_id),
            expires_at=expires_at.isoformat() if expires_at else None,
            max_downloads=max_downloads,
            has_password=bool(password),
        )
    return share


def _check_share_limit(file: File) -> None:
    """Raise TooManyShares for a file that has all the links it may have."""
    most = settings.FILE_SHARES_LIMIT
    alive = Share.objects.filter(file=file, revoked_at=None)
    if alive.exclude(expires_at__lte=timezone.now()).count() >= most:
        raise TooManyShares(members={"limit": most})


def revoke_share(share_id: uuid.UUID, *, user: User, check: Callable[[Share], None]) -> None:
    """End a link at once; repeating it changes nothing. ``check`` sees the row first.

    Raises NotFound, and whatever ``check`` raises.
    """
    with transaction.atomic():
        share = writable_share(user, share_id)
        check(share)
        if share.revoked_at is None:
            share.revoked_at, share.token_sealed = timezone.now(), ""
            share.save(update_fields=["revoked_at", "token_sealed"])
            file = str(share.file_id)
            record("share.revoked", actor=user_actor(user), target=share_target(share), file=file)


def revoke_all_shares(*, actor: Actor, cause: str) -> int:
    """End every link of the tenant; return how many there were. ``cause`` goes into the record."""
    with transaction.atomic():
        living = Share.objects.filter(revoked_at=None)
        count = living.update(revoked_at=timezone.now(), token_sealed="")
        record("shares.revoked", actor=actor, cause=cause, count=count)
    return count
