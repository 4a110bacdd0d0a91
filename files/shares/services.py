"""Shares of files: who may read and manage them, and how they are created and revoked.

A user may manage the shares of every file that they may read, including files in the trash: members
those of their own files, owners and administrators all. Each write operation is a single, audited
transaction and names its actor.
"""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import current_policy
from accounts.users.queries import user_actor
from audit.services import Actor, Target, record
from core.problems import NotFound
from files.models import File, Share
from files.problems import SharingOff, TooManyShares
from files.queries import readable_file, writable_file
from files.shares.tokens import create_share_token

MAX_DOWNLOADS = 1_000_000


def share_target(share: Share) -> Target:
    """Return a share as an audit target, named after its file."""
    return Target("share", str(share.id), share.file.name)


def require_shareable(file_id: uuid.UUID, *, user: User) -> None:
    """Check that the user may share the file.

    Raises: NotFound (if the user may not read it), SharingOff (if the tenant forbids sharing).
    """
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
    """Create a share of a file. ``password`` is a hash, or "" for none.

    Raises: NotFound, SharingOff, TooManyShares.
    """
    require_shareable(file_id, user=user)
    token_hash, token_sealed = create_share_token()
    with transaction.atomic():
        # The lock on the file stops a purge before the commit, and makes concurrent calls count one
        # after the other.
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


def revoke_share(share_id: uuid.UUID, *, user: User, check: Callable[[Share], None]) -> None:
    """Revoke a share for ever; repeating it changes nothing. ``check`` gets the row.

    Raises: NotFound.
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
    """Revoke every share of the tenant; return how many. ``cause`` is saved in the audit event."""
    with transaction.atomic():
        unrevoked = Share.objects.filter(revoked_at=None)
        count = unrevoked.update(revoked_at=timezone.now(), token_sealed="")
        record("shares.revoked", actor=actor, cause=cause, count=count)
    return count


def readable_shares(user: User) -> QuerySet[Share]:
    """Return the shares that the user may read, with their files."""
    shares = Share.objects.select_related("file")
    return shares if user.manages else shares.filter(file__owner=user)


def shares_of_file(user: User, file_id: uuid.UUID) -> QuerySet[Share]:
    """Return the shares of a file that the user may read. Raises: NotFound."""
    return readable_shares(user).filter(file=readable_file(user, file_id))


def readable_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a share that the user may read. Raises: NotFound."""
    return _get_share(readable_shares(user), share_id)


def unrevoked_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a share that the user may read and that is not revoked. Raises: NotFound."""
    return _get_share(readable_shares(user).filter(revoked_at=None), share_id)


def writable_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a share that the user may revoke, locked until the transaction ends.

    Raises: NotFound.
    """
    return _get_share(readable_shares(user).select_for_update(of=("self",)), share_id)


def _check_share_limit(file: File) -> None:
    """Check the number of unexpired shares of a file. Raises: TooManyShares."""
    limit = settings.FILE_SHARES_LIMIT
    unrevoked = Share.objects.filter(file=file, revoked_at=None)
    if unrevoked.exclude(expires_at__lte=timezone.now()).count() >= limit:
        raise TooManyShares(members={"limit": limit})


def _get_share(shares: QuerySet[Share], share_id: uuid.UUID) -> Share:
    share = shares.filter(pk=share_id).first()
    if share is None:
        raise NotFound
    return share
