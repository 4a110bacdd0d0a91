"""Removing a person, and forgetting them.

The row stays as a tombstone, because files and the audit trail name its id: without address, name,
password or role. All else that was the person's is deleted. See docs/decisions/0012.
"""

import uuid

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.dispatch import Signal
from django.utils import timezone

from accounts.actors import user_actor, user_target
from accounts.models import User
from accounts.users.creation import REMOVED_USERS_DOMAIN
from accounts.users.ownership import (
    is_active_owner,
    lock_owners,
    locked_actor,
    locked_user,
    require_another_owner,
)
from accounts.users.permissions import check_permission
from accounts.users.revocation import delete_credentials, revoke_sent_invitations
from accounts.users.services import Check
from audit.services import Actor, record
from audit.services import anonymise_events as forget_in_the_trail
from core.problems import NotFound

# What other rooms may want to hear of people; accounts itself knows none of them.
# Sent with ``person`` (their locked row, buried already) inside the transaction that erases them,
# before the audit trail forgets them.
user_erased = Signal()


def remove_user(person_id: uuid.UUID, *, by: User, check: Check) -> None:
    """Remove a person. ``check`` sees the locked row and may raise.

    Their address is free at once and none of their credentials opens anything from the next request
    on. Raises NotFound, PermissionRefused and LastOwner.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor, person = locked_actor(locked, by), locked_user(locked, person_id)
        check_permission("remove", actor, person)
        check(person)
        who, target, role = user_actor(actor), user_target(person), person.role
        anonymise_user(person)
        record("user.removed", actor=who, target=target, role=role)


def erase_user(person_id: uuid.UUID, *, by: User) -> None:
    """Remove a person, unless that was done before, and take them out of the audit trail.

    Raises NotFound for an id that was never a person's, PermissionRefused and LastOwner.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor = locked_actor(locked, by)
        person = locked.get(person_id) or _lock_removed_user(person_id)
        check_permission("erase", actor, person)
        erase_locked_user(person, actor=user_actor(actor))


def _lock_removed_user(person_id: uuid.UUID) -> User:
    rows = User.objects.select_for_update(no_key=True).filter(removed_at__isnull=False)
    person = rows.filter(pk=person_id).first()
    if person is None:
        raise NotFound
    return person


def erase_locked_user(person: User, *, actor: Actor) -> None:
    """Erase a person whose row is locked. Raises LastOwner."""
    if person.removed_at is None:
        anonymise_user(person)
    user_erased.send(User, person=person)
    forget_in_the_trail(str(person.pk), actor=actor)


def anonymise_user(person: User) -> None:
    """Make a locked row a tombstone, and delete what was the person's. Raises LastOwner."""
    if is_active_owner(person):
        require_another_owner(person)
    revoke_sent_invitations(person)
    delete_credentials(person)
    person.email = f"removed-{person.pk}{REMOVED_USERS_DOMAIN}"  # no address (RFC 2606 section 2)
    person.password = make_password(None)
    person.first_name = person.last_name = ""
    person.role, person.is_active = User.Role.MEMBER, False
    person.email_verified_at = person.second_factor_at = None
    person.removed_at = timezone.now()
    person.save()
