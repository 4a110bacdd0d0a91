"""Removal of a user, and erasure from the audit trail.

The row stays as an anonymised tombstone, because files and audit events name its id: without
address, name, password or role. Everything else of the user is deleted. See docs/decisions/0012.
"""

import uuid

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import require_recent_authentication
from accounts.signals import user_erased
from accounts.users.creation import REMOVED_USERS_DOMAIN
from accounts.users.ownership import (
    is_active_owner,
    lock_owners,
    locked_actor,
    locked_user,
    require_another_owner,
)
from accounts.users.permissions import check_permission
from accounts.users.queries import user_actor, user_target
from accounts.users.revocation import delete_credentials, revoke_sent_invitations
from accounts.users.services import Check
from audit.services import Actor, record
from audit.services import anonymise_events as erase_from_audit_trail
from core.problems import NotFound


def remove_user(user_id: uuid.UUID, *, by: User, check: Check) -> None:
    """Remove a user. ``check`` gets the locked row and may raise.

    The address is free at once, and every credential is invalid from the next request on.

    Raises: NotFound, PermissionRefused, LastOwner.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        actor, user = locked_actor(locked, by), locked_user(locked, user_id)
        check_permission("remove", actor, user)
        check(user)
        actor_ref, target, role = user_actor(actor), user_target(user), user.role
        anonymise_user(user)
        record("user.removed", actor=actor_ref, target=target, role=role)


def leave_tenant(by: User) -> None:
    """Remove the acting user, whatever the role. Needs a recent authentication.

    Raises: TokenInvalid for a user who is inactive or removed by now; ProofRequired; LastOwner.
    """
    with transaction.atomic():
        user = locked_actor(lock_owners(by.pk), by)
        require_recent_authentication()
        actor_ref, target, role = user_actor(user), user_target(user), user.role
        anonymise_user(user)
        record("user.left", actor=actor_ref, target=target, role=role)


def erase_user(user_id: uuid.UUID, *, by: User) -> None:
    """Remove a user, if not removed before, and erase the user from the audit trail.

    Raises: NotFound for an id that never was a user's, PermissionRefused, LastOwner.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        actor = locked_actor(locked, by)
        user = locked.get(user_id) or _lock_removed_user(user_id)
        check_permission("erase", actor, user)
        erase_locked_user(user, actor=user_actor(actor))


def _lock_removed_user(user_id: uuid.UUID) -> User:
    rows = User.objects.select_for_update(no_key=True).filter(removed_at__isnull=False)
    user = rows.filter(pk=user_id).first()
    if user is None:
        raise NotFound
    return user


def erase_locked_user(user: User, *, actor: Actor) -> None:
    """Erase a user whose row is locked. Raises: LastOwner."""
    if user.removed_at is None:
        anonymise_user(user)
    user_erased.send(User, user=user)
    erase_from_audit_trail(str(user.pk), actor=actor)


def anonymise_user(user: User) -> None:
    """Make a locked row a tombstone and delete all else of the user. Raises: LastOwner."""
    if is_active_owner(user):
        require_another_owner(user)
    revoke_sent_invitations(user)
    delete_credentials(user)
    user.email = f"removed-{user.pk}{REMOVED_USERS_DOMAIN}"  # no address (RFC 2606 section 2)
    user.password = make_password(None)
    user.first_name = user.last_name = ""
    user.language = user.time_zone = ""
    user.role, user.is_active = User.Role.MEMBER, False
    user.email_verified_at = user.second_factor_at = None
    user.removed_at = timezone.now()
    user.save()
