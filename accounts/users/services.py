"""What owners and administrators do with people: each verb one transaction, audited."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import is_password_usable, make_password
from django.db import IntegrityError, transaction

from accounts.actors import user_actor, user_target
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
from accounts.users.queries import find_user_by_email
from accounts.users.revocation import revoke_access, revoke_sent_invitations
from audit.services import record
from core.problems import FieldError
from core.text.email_addresses import canonical_address

Check = Callable[[User], None]
Changes = dict[str, Any]


def prepare_user(*, email: str, password: str | None, **fields: Any) -> User:
    """Return a person who is not saved yet; ``fields`` are names, role and activity.

    The password is hashed here, before anything is locked. Who chooses it can log in as that
    person, so it asks for a recent proof. Raises ValidationFailed and ProofRequired.
    """
    if password is not None:
        require_recent_authentication()
    person = User(email=canonical_address(email), **fields)
    validate_user(person)
    if password is None:
        person.password = make_password(None)
    else:
        person.password = hash_new_password(password, person)
        person.password_change_required = True
    return person


def create_user(*, by: User, person: User) -> User:
    """Add a person whom ``prepare_user`` has made.

    Without a password they get none that fits, and a letter with a link to set one; whoever is
    not active gets it once they are. Raises PermissionRefused, ProofRequired and EmailTaken.
    """
    with transaction.atomic():
        actor = locked_actor(lock_owners(by.pk), by)
        check_permission("create", actor, person)
        insert_user(person)
        facts = {"role": person.role, "is_active": person.is_active}
        record("user.created", actor=user_actor(actor), target=user_target(person), **facts)
        if person.is_active and not is_password_usable(person.password):
            _enqueue_set_password_email(person)
    return person


def _enqueue_set_password_email(person: User) -> None:
    enqueue_email("account_created", to=person.email, user=str(person.id))


def update_user(person_id: uuid.UUID, *, by: User, changes: Changes, check: Check) -> User:
    """Change a person's names, address, role or activity; return them as they are now.

    ``check`` sees the locked row and may raise. Raises NotFound, PermissionRefused,
    ProofRequired, LastOwner, EmailTaken and ValidationFailed.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor, person = locked_actor(locked, by), locked_user(locked, person_id)
        wanted = {n: v for n, v in _normalised(changes).items() if getattr(person, n) != v}
        _check_permissions(actor, person, wanted)
        check(person)
        if wanted:
            _require_owner_left(person, wanted)
            _apply(person, wanted, actor)
        return person


def _normalised(changes: Changes) -> Changes:
    cleaned = {n: clean_user_name(changes[n], field=n) for n in NAME_FIELDS if n in changes}
    if "email" in changes:
        cleaned["email"] = canonical_address(changes["email"])
    return {**changes, **cleaned}


def _check_permissions(actor: User, person: User, wanted: Changes) -> None:
    if wanted.keys() & set(NAME_FIELDS):
        check_permission("rename", actor, person)
    if "email" in wanted:
        check_permission("readdress", actor, person)
    if "role" in wanted:
        check_permission("appoint", actor, person, role=wanted["role"])
    if "is_active" in wanted:
        check_permission("reactivate" if wanted["is_active"] else "deactivate", actor, person)


def _require_owner_left(person: User, wanted: Changes) -> None:
    if is_active_owner(person) and ("role" in wanted or "is_active" in wanted):
        require_another_owner(person)


def _apply(person: User, wanted: Changes, actor: User) -> None:
    before = {name: getattr(person, name) for name in wanted}
    for name, value in wanted.items():
        setattr(person, name, value)
    validate_user(person, names=())  # those that change are cleaned already
    columns = [*wanted, "updated_at"]
    if "email" in wanted:
        before["email_verified_at"] = person.email_verified_at
        person.email_verified_at = None
        columns.append("email_verified_at")
    _save(person, columns)
    _apply_side_effects(person, before, actor)
    _record(person, before, actor)


def _save(person: User, columns: list[str]) -> None:
    taken = EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    # Asked first, so that what is expected is no error in the database's log.
    holder = find_user_by_email(person.email) if "email" in columns else None
    if holder is not None and holder.pk != person.pk:
        raise taken
    try:
        with transaction.atomic():
            person.save(update_fields=columns)
    except IntegrityError as exc:  # since a moment ago
        raise taken from exc


def _apply_side_effects(person: User, before: Changes, actor: User) -> None:
    """Do what else a change means. Sessions come last: ending them is put on record."""
    if not (person.manages and person.is_active) or before.get("role") == User.Role.OWNER:
        revoke_sent_invitations(person)
    if "email" in before:
        revoke_email_tokens(person)
        # Who had the account must hear of it (OWASP ASVS 5.0, 6.3.7).
        verified: dict[str, Any] = (
            {VERIFIED_RECIPIENT_KEY: True} if before["email_verified_at"] else {}
        )
        enqueue_email("address_changed", to=before["email"], **verified)
    if "is_active" in before:
        # On the way back too: a log-in that was under way when they went must not live on.
        revoke_access(person, actor=user_actor(actor))
        if person.is_active and not is_password_usable(person.password):
            _enqueue_set_password_email(person)


def _record(person: User, before: Changes, actor: User) -> None:
    who, target = user_actor(actor), user_target(person)
    if names := sorted(before.keys() & set(NAME_FIELDS)):
        record("user.updated", actor=who, target=target, fields=names)
    if "email" in before:
        record("user.address_changed", actor=who, target=target)
    if "role" in before:
        record(
            "user.role_changed", actor=who, target=target, before=before["role"], after=person.role
        )
    if "is_active" in before:
        verb = "user.reactivated" if person.is_active else "user.deactivated"
        record(verb, actor=who, target=target)
