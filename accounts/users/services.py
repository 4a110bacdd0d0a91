"""Creation and changes of users by managers, and of the own profile.

Each function is one audited transaction.
"""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import is_password_usable, make_password
from django.db import IntegrityError, transaction

from accounts.email.outbox import VERIFIED_RECIPIENT_KEY, enqueue_email
from accounts.email_tokens import revoke_email_tokens
from accounts.models import User
from accounts.passwords.validation import hash_new_password
from accounts.permissions import require_recent_authentication
from accounts.problems import EmailTaken
from accounts.users.creation import NAME_FIELDS, clean_user_name, insert_user, validate_user
from accounts.users.ownership import (
    is_active_owner,
    lock_owners,
    locked_actor,
    locked_user,
    require_another_owner,
)
from accounts.users.permissions import check_permission
from accounts.users.preferences import PREFERENCE_RULES
from accounts.users.queries import find_user_by_email, user_actor, user_target
from accounts.users.revocation import revoke_access, revoke_sent_invitations
from audit.services import record
from core.problems import FieldError
from core.text.email_addresses import canonical_address

Check = Callable[[User], None]
Changes = dict[str, Any]


def prepare_user(*, email: str, password: str | None, **fields: Any) -> User:
    """Return an unsaved user; ``fields`` are names, role and activity.

    The password is hashed here, before any lock. The actor who chooses it can log in as that user,
    so it needs a recent authentication.

    Raises: ValidationFailed, ProofRequired.
    """
    if password is not None:
        require_recent_authentication()
    user = User(email=canonical_address(email), **fields)
    validate_user(user)
    if password is None:
        user.password = make_password(None)
    else:
        user.password = hash_new_password(password, user)
        user.password_change_required = True
    return user


def create_user(*, by: User, user: User) -> User:
    """Save a user from ``prepare_user``.

    A user without a password gets an e-mail with a link to set one; an inactive user gets it on
    activation.

    Raises: PermissionRefused, ProofRequired, EmailTaken.
    """
    with transaction.atomic():
        actor = locked_actor(lock_owners(by.pk), by)
        check_permission("create", actor, user)
        insert_user(user)
        facts = {"role": user.role, "is_active": user.is_active}
        record("user.created", actor=user_actor(actor), target=user_target(user), **facts)
        if user.is_active and not is_password_usable(user.password):
            _enqueue_set_password_email(user)
    return user


def _enqueue_set_password_email(user: User) -> None:
    enqueue_email("account_created", to=user.email, user=str(user.id))


def update_user(user_id: uuid.UUID, *, by: User, changes: Changes, check: Check) -> User:
    """Change a user's names, address, role or activity and return the user.

    ``check`` gets the locked row and may raise.

    Raises: NotFound, PermissionRefused, ProofRequired, LastOwner, EmailTaken, ValidationFailed.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        actor, user = locked_actor(locked, by), locked_user(locked, user_id)
        new_values = {n: v for n, v in _normalised(changes).items() if getattr(user, n) != v}
        _check_permissions(actor, user, new_values)
        check(user)
        if new_values:
            _require_owner_left(user, new_values)
            _apply(user, new_values, actor)
        return user


def update_profile(user: User, *, changes: dict[str, str], check: Check) -> User:
    """Change a user's own names, language and time zone.

    ``check`` gets the locked row first and may raise.

    Raises: ValidationFailed.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        check(locked)
        values = {name: _clean_profile_field(name, changes[name]) for name in changes}
        changed = sorted(name for name in values if getattr(locked, name) != values[name])
        for name in changed:
            setattr(locked, name, values[name])
        if changed:
            locked.save(update_fields=[*changed, "updated_at"])
            record(
                "user.updated", actor=user_actor(user), target=user_target(locked), fields=changed
            )
        return locked


def _clean_profile_field(name: str, text: str) -> str:
    if name in PREFERENCE_RULES:
        return PREFERENCE_RULES[name](text)
    return clean_user_name(text, field=name)


def _normalised(changes: Changes) -> Changes:
    cleaned = {n: clean_user_name(changes[n], field=n) for n in NAME_FIELDS if n in changes}
    if "email" in changes:
        cleaned["email"] = canonical_address(changes["email"])
    return {**changes, **cleaned}


def _check_permissions(actor: User, user: User, new_values: Changes) -> None:
    if new_values.keys() & set(NAME_FIELDS):
        check_permission("rename", actor, user)
    if "email" in new_values:
        check_permission("readdress", actor, user)
    if "role" in new_values:
        check_permission("appoint", actor, user, role=new_values["role"])
    if "is_active" in new_values:
        check_permission("reactivate" if new_values["is_active"] else "deactivate", actor, user)


def _require_owner_left(user: User, new_values: Changes) -> None:
    if is_active_owner(user) and ("role" in new_values or "is_active" in new_values):
        require_another_owner(user)


def _apply(user: User, new_values: Changes, actor: User) -> None:
    before = {name: getattr(user, name) for name in new_values}
    for name, value in new_values.items():
        setattr(user, name, value)
    validate_user(user, names=())  # the new ones are cleaned already
    columns = [*new_values, "updated_at"]
    if "email" in new_values:
        before["email_verified_at"] = user.email_verified_at
        user.email_verified_at = None
        columns.append("email_verified_at")
    save_user(user, columns)
    _apply_side_effects(user, before, actor)
    _record(user, before, actor)


def save_user(user: User, columns: list[str]) -> None:
    """Save columns of a locked user. Raises: EmailTaken."""
    taken = EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    # Checked first, so that an expected conflict is not an error in the database's log.
    holder = find_user_by_email(user.email) if "email" in columns else None
    if holder is not None and holder.pk != user.pk:
        raise taken
    try:
        with transaction.atomic():
            user.save(update_fields=columns)
    except IntegrityError as exc:  # taken since the check
        raise taken from exc


def _apply_side_effects(user: User, before: Changes, actor: User) -> None:
    """Apply the consequences of a change. Sessions come last: ending them writes an audit event."""
    if not (user.manages and user.is_active) or before.get("role") == User.Role.OWNER:
        revoke_sent_invitations(user)
    if "email" in before:
        revoke_email_tokens(user)
        # The former address is notified (OWASP ASVS 5.0, 6.3.7).
        verified: dict[str, Any] = (
            {VERIFIED_RECIPIENT_KEY: True} if before["email_verified_at"] else {}
        )
        enqueue_email("address_changed", to=before["email"], user=str(user.id), **verified)
    if "is_active" in before:
        # On reactivation too: a log-in that ran during the deactivation must not survive.
        revoke_access(user, actor=user_actor(actor))
        if user.is_active and not is_password_usable(user.password):
            _enqueue_set_password_email(user)


def _record(user: User, before: Changes, actor: User) -> None:
    actor_ref, target = user_actor(actor), user_target(user)
    if names := sorted(before.keys() & set(NAME_FIELDS)):
        record("user.updated", actor=actor_ref, target=target, fields=names)
    if "email" in before:
        record("user.address_changed", actor=actor_ref, target=target)
    if "role" in before:
        record(
            "user.role_changed",
            actor=actor_ref,
            target=target,
            before=before["role"],
            after=user.role,
        )
    if "is_active" in before:
        verb = "user.reactivated" if user.is_active else "user.deactivated"
        record(verb, actor=actor_ref, target=target)
