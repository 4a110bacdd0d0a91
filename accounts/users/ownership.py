"""Ownership of a tenant: it always has an active owner.

A transaction that changes users first locks all owners, the actor and the users it changes. This is
one statement, in the order of ids, before any other lock. Every tenant has an owner, so such
transactions wait for each other here, and what they read afterwards is true until the commit. The
locks allow foreign keys, so a log-in does not wait.
"""

import uuid

from django.db import transaction
from django.db.models import Q

from accounts.email.outbox import enqueue_email
from accounts.models import User
from accounts.permissions import ACTIONS
from accounts.problems import LastOwner, TokenInvalid
from accounts.users.queries import existing_users, user_actor, user_target
from accounts.users.revocation import revoke_sent_invitations
from audit.services import record
from core.problems import FieldError, NotFound, PermissionRefused, ValidationFailed

LockedUsers = dict[uuid.UUID, User]


def lock_owners(*others: uuid.UUID) -> LockedUsers:
    """Lock the owners and the given users and return them by id. Call inside a transaction."""
    wanted = existing_users().filter(Q(role=User.Role.OWNER) | Q(pk__in=others))
    return {row.pk: row for row in wanted.order_by("pk").select_for_update(no_key=True)}


def locked_actor(locked: LockedUsers, by: User) -> User:
    """Return the actor as of now. Raises: TokenInvalid if the actor is inactive by now."""
    actor = locked.get(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    return actor


def locked_user(locked: LockedUsers, user_id: uuid.UUID) -> User:
    """Return one of the locked users. Raises: NotFound."""
    if user_id not in locked:
        raise NotFound
    return locked[user_id]


def require_another_owner(user: User) -> None:
    """Check that the tenant has another active owner than ``user``.

    This needs a query of its own: the locking statement may have started before the change that it
    waited for.

    Raises: LastOwner.
    """
    if not has_another_owner(user):
        raise LastOwner


def has_another_owner(user: User) -> bool:
    """Return whether the tenant has another active owner than ``user``."""
    owners = existing_users().filter(role=User.Role.OWNER, is_active=True)
    return owners.exclude(pk=user.pk).exists()


def is_active_owner(user: User) -> bool:
    """Return whether the user counts as one of the tenant's active owners."""
    return user.role == User.Role.OWNER and user.is_active


def transfer_ownership(user_id: uuid.UUID, *, by: User) -> User:
    """Make a user an owner and ``by`` an administrator; return the new owner.

    Raises: PermissionRefused if ``by`` is no owner by now; ValidationFailed for ``user_id`` if that
    user does not exist, is inactive, or is the owner itself.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        former_owner = locked_actor(locked, by)
        if former_owner.role not in ACTIONS["tenant:transfer"].roles:
            raise PermissionRefused
        new_owner = _require_eligible(locked.get(user_id), former_owner)
        _set_role(new_owner, User.Role.OWNER)
        _set_role(former_owner, User.Role.ADMIN)
        revoke_sent_invitations(former_owner)
        record("tenant.transferred", actor=user_actor(former_owner), target=user_target(new_owner))
        enqueue_email("ownership_received", to=new_owner.email, user=str(new_owner.id))
        enqueue_email("ownership_given", to=former_owner.email, user=str(former_owner.id))
    return new_owner


def _require_eligible(new_owner: User | None, former_owner: User) -> User:
    if new_owner is None or not new_owner.is_active or new_owner.pk == former_owner.pk:
        rule = "Name another active person of this workspace."
        raise ValidationFailed(errors=[FieldError("user_id", "invalid", rule)])
    return new_owner


def _set_role(user: User, role: User.Role) -> None:
    user.role = role
    user.save(update_fields=["role", "updated_at"])
