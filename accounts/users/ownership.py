"""A workspace always has an active owner.

Who changes people first locks all owners, themselves and whom they change: one statement, in the
order of ids, before anything else is held. There is an owner in every workspace, so such changes
wait for each other here and nowhere else, and what is found afterwards is true until the commit.
The locks leave room for foreign keys, so logging in does not wait.
"""

import uuid

from django.db.models import Q

from accounts.models import User
from accounts.problems import LastOwner, TokenInvalid
from accounts.users.queries import existing_users
from core.problems import NotFound

LockedUsers = dict[uuid.UUID, User]


def lock_owners(*others: uuid.UUID) -> LockedUsers:
    """Lock the owners and the people named; return them by id. Call inside a transaction."""
    wanted = existing_users().filter(Q(role=User.Role.OWNER) | Q(pk__in=others))
    return {row.pk: row for row in wanted.order_by("pk").select_for_update(no_key=True)}


def locked_actor(locked: LockedUsers, by: User) -> User:
    """Return who acts as they are now. Raises TokenInvalid if they are out since they asked."""
    actor = locked.get(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    return actor


def locked_user(locked: LockedUsers, person_id: uuid.UUID) -> User:
    """Return one of the locked people. Raises NotFound."""
    if person_id not in locked:
        raise NotFound
    return locked[person_id]


def require_another_owner(person: User) -> None:
    """Raise LastOwner if the workspace has no active owner besides ``person``.

    Asks anew: the locking statement may have begun before the change that it waited for.
    """
    owners = existing_users().filter(role=User.Role.OWNER, is_active=True)
    if not owners.exclude(pk=person.pk).exists():
        raise LastOwner


def is_active_owner(person: User) -> bool:
    """Whether the workspace would have one active owner fewer without the person."""
    return person.role == User.Role.OWNER and person.is_active
