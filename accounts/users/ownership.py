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
from accounts.users.queries import readable_people
from core.problems import NotFound

People = dict[uuid.UUID, User]


def locked_owners(*others: uuid.UUID) -> People:
    """Lock the owners and the people named; return them by id. Call inside a transaction."""
    wanted = readable_people().filter(Q(role=User.Role.OWNER) | Q(pk__in=others))
    return {row.pk: row for row in wanted.order_by("pk").select_for_update(no_key=True)}


def acting(locked: People, by: User) -> User:
    """Return who acts as they are now. Raises TokenInvalid if they are out since they asked."""
    actor = locked.get(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    return actor


def found(locked: People, person_id: uuid.UUID) -> User:
    """Return one of the locked people. Raises NotFound."""
    if person_id not in locked:
        raise NotFound
    return locked[person_id]


def require_another_owner(person: User) -> None:
    """Raise LastOwner if the workspace has no active owner besides ``person``.

    Asks anew: the locking statement may have begun before the change that it waited for.
    """
    owners = readable_people().filter(role=User.Role.OWNER, is_active=True)
    if not owners.exclude(pk=person.pk).exists():
        raise LastOwner


def counts_as_owner(person: User) -> bool:
    """Whether the workspace would have one active owner fewer without the person."""
    return person.role == User.Role.OWNER and person.is_active
