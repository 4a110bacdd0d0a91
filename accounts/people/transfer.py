"""Handing a workspace over: one becomes an owner, the other an administrator, at once."""

import uuid

from django.db import transaction

from accounts.actions import ACTIONS
from accounts.actors import actor_of, target_of
from accounts.email.outbox import post_letter
from accounts.models import User
from accounts.users.ownership import acting, locked_owners
from accounts.users.revocation import revoke_invitations_of
from audit.services import record
from core.problems import FieldError, PermissionRefused, ValidationFailed


def transfer_ownership(person_id: uuid.UUID, *, by: User) -> User:
    """Make a person an owner in place of ``by``, who becomes an administrator; return the person.

    Raises PermissionRefused for who is no owner (any more), and ValidationFailed naming ``user_id``
    for who cannot own it: nobody of this workspace, somebody inactive, or the owner themselves.
    """
    with transaction.atomic():
        locked = locked_owners(by.pk, person_id)
        giver = acting(locked, by)
        if giver.role not in ACTIONS["tenant:transfer"].roles:
            raise PermissionRefused
        taker = _able(locked.get(person_id), giver)
        _appoint(taker, User.Role.OWNER)
        _appoint(giver, User.Role.ADMIN)
        revoke_invitations_of(giver)
        record("tenant.transferred", actor=actor_of(giver), target=target_of(taker))
        post_letter("ownership_received", to=taker.email, user=str(taker.id))
        post_letter("ownership_given", to=giver.email, user=str(giver.id))
    return taker


def _able(taker: User | None, giver: User) -> User:
    if taker is None or not taker.is_active or taker.pk == giver.pk:
        rule = "Name another active person of this workspace."
        raise ValidationFailed(errors=[FieldError("user_id", "invalid", rule)])
    return taker


def _appoint(person: User, role: User.Role) -> None:
    person.role = role
    person.save(update_fields=["role", "updated_at"])
