"""Handing a workspace over: one becomes an owner, the other an administrator, at once."""

import uuid

from django.db import transaction

from accounts.actions import ACTIONS
from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_email
from accounts.models import User
from accounts.users.ownership import lock_owners, locked_actor
from accounts.users.revocation import revoke_sent_invitations
from audit.services import record
from core.problems import FieldError, PermissionRefused, ValidationFailed


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
