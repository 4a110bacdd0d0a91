"""A workspace always has an active owner.

Who changes people first locks all owners, themselves and whom they change: one statement, in the
order of ids, before anything else is held. There is an owner in every workspace, so such changes
wait for each other here and nowhere else, and what is found afterwards is true until the commit.
The locks leave room for foreign keys, so logging in does not wait.
"""

import uuid

from django.db import transaction
from django.db.models import Q

from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_email
from accounts.models import User
from accounts.permissions import ACTIONS
from accounts.problems import LastOwner, TokenInvalid
from accounts.users.queries import existing_users
from accounts.users.revocation import revoke_sent_invitations
from audit.services import record
from core.problems import FieldError, NotFound, PermissionRefused, ValidationFailed

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


# Handing a workspace over: one becomes an owner, the other an administrator, at once.


def transfer_ownership(person_id: uuid.UUID, *, by: User) -> User:
    """Make a person an owner in place of ``by``, who becomes an administrator; return the person.

    Raises PermissionRefused for who is no owner (any more), and ValidationFailed naming ``user_id``
    for who cannot own it: nobody of this workspace, somebody inactive, or the owner themselves.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        giver = locked_actor(locked, by)
        if giver.role not in ACTIONS["tenant:transfer"].roles:
            raise PermissionRefused
        taker = _require_eligible(locked.get(person_id), giver)
        _set_role(taker, User.Role.OWNER)
        _set_role(giver, User.Role.ADMIN)
        revoke_sent_invitations(giver)
        record("tenant.transferred", actor=user_actor(giver), target=user_target(taker))
        enqueue_email("ownership_received", to=taker.email, user=str(taker.id))
        enqueue_email("ownership_given", to=giver.email, user=str(giver.id))
    return taker


def _require_eligible(taker: User | None, giver: User) -> User:
    if taker is None or not taker.is_active or taker.pk == giver.pk:
        rule = "Name another active person of this workspace."
        raise ValidationFailed(errors=[FieldError("user_id", "invalid", rule)])
    return taker


def _set_role(person: User, role: User.Role) -> None:
    person.role = role
    person.save(update_fields=["role", "updated_at"])
