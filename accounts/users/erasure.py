"""Removing a person, and forgetting them.

The row stays as a tombstone, because files and the audit trail name its id: without address, name,
password or role. All else that was the person's is deleted. See docs/decisions/0012.
"""

import uuid

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of, target_of
from accounts.models import User
from accounts.people.addresses import TOMBSTONES
from accounts.people.signals import person_erased
from accounts.users.ownership import (
    acting,
    counts_as_owner,
    found,
    locked_owners,
    require_another_owner,
)
from accounts.users.permissions import require_may
from accounts.users.revocation import forget_access, revoke_invitations_of
from accounts.users.services import Check
from audit.services import Actor, record
from audit.services import erase_person as forget_in_the_trail
from core.problems import NotFound


def remove_person(person_id: uuid.UUID, *, by: User, check: Check) -> None:
    """Remove a person. ``check`` sees the locked row and may raise.

    Their address is free at once and none of their credentials opens anything from the next request
    on. Raises NotFound, PermissionRefused and LastOwner.
    """
    with transaction.atomic():
        locked = locked_owners(by.pk, person_id)
        actor, person = acting(locked, by), found(locked, person_id)
        require_may("remove", actor, person)
        check(person)
        who, target, role = actor_of(actor), target_of(person), person.role
        bury(person)
        record("user.removed", actor=who, target=target, role=role)


def erase_person(person_id: uuid.UUID, *, by: User) -> None:
    """Remove a person, unless that was done before, and take them out of the audit trail.

    Raises NotFound for an id that was never a person's, PermissionRefused and LastOwner.
    """
    with transaction.atomic():
        locked = locked_owners(by.pk, person_id)
        actor = acting(locked, by)
        person = locked.get(person_id) or _removed(person_id)
        require_may("erase", actor, person)
        forget(person, actor=actor_of(actor))


def _removed(person_id: uuid.UUID) -> User:
    rows = User.objects.select_for_update(no_key=True).filter(removed_at__isnull=False)
    person = rows.filter(pk=person_id).first()
    if person is None:
        raise NotFound
    return person


def forget(person: User, *, actor: Actor) -> None:
    """Erase a person whose row is locked. Raises LastOwner."""
    if person.removed_at is None:
        bury(person)
    person_erased.send(User, person=person)
    forget_in_the_trail(str(person.pk), actor=actor)


def bury(person: User) -> None:
    """Make a locked row a tombstone, and delete what was the person's. Raises LastOwner."""
    if counts_as_owner(person):
        require_another_owner(person)
    revoke_invitations_of(person)
    forget_access(person)
    person.email = f"removed-{person.pk}{TOMBSTONES}"  # no address (RFC 2606 section 2)
    person.password = make_password(None)
    person.first_name = person.last_name = ""
    person.role, person.is_active = User.Role.MEMBER, False
    person.email_verified_at = person.second_factor_at = None
    person.removed_at = timezone.now()
    person.save()
