"""Who may see and manage which links: whoever may see the file, in the trash too.

A member has those of their own files, whoever made them; owners and administrators have all.
"""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from core.problems import NotFound
from files.access import readable_file
from files.models import Share


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
