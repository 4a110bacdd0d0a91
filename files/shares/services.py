"""Making and revoking links. Each verb is one transaction, audited, and names who acts."""

import uuid
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import User
from accounts.tenant_policy import current_policy
from audit.services import Actor, Target, record
from core.problems import NotFound
from files.models import File, Share
from files.problems import SharingOff, TooManyShares
from files.queries import readable_file, writable_file
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


# Who may see and manage which links: whoever may see the file, in the trash too.
#
# A member has those of their own files, whoever made them; owners and administrators have all.


def readable_shares(user: User) -> QuerySet[Share]:
    """Return the links that a person may see, each with its file."""
    shares = Share.objects.select_related("file")
    return shares if user.manages else shares.filter(file__owner=user)


def shares_of_file(user: User, file_id: uuid.UUID) -> QuerySet[Share]:
    """Return the links to a file that a person may see. Raises NotFound."""
    return readable_shares(user).filter(file=readable_file(user, file_id))


def readable_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a link that a person may see. Raises NotFound."""
    return _get_share(readable_shares(user), share_id)


def unrevoked_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a link that a person may see and that was not revoked. Raises NotFound."""
    return _get_share(readable_shares(user).filter(revoked_at=None), share_id)


def writable_share(user: User, share_id: uuid.UUID) -> Share:
    """Return a link that a person may end, locked until the transaction ends. Raises NotFound."""
    return _get_share(readable_shares(user).select_for_update(of=("self",)), share_id)


def _get_share(shares: QuerySet[Share], share_id: uuid.UUID) -> Share:
    found = shares.filter(pk=share_id).first()
    if found is None:
        raise NotFound
    return found
