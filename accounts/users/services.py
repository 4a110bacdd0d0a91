"""What owners and administrators do with people: each verb one transaction, audited."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import is_password_usable, make_password
from django.db import IntegrityError, transaction

from accounts.actors import actor_of, target_of
from accounts.email.outbox import VERIFIED, post_letter
from accounts.email_tokens import void_links
from accounts.factors.proof import require_recent_proof
from accounts.models import User
from accounts.passwords.validation import checked_password
from accounts.people.finding import person_with_email
from accounts.problems import EmailTaken
from accounts.users.creation import NAMES, add_user, clean_person_name, require_sound
from accounts.users.ownership import (
    acting,
    counts_as_owner,
    found,
    locked_owners,
    require_another_owner,
)
from accounts.users.permissions import require_may
from accounts.users.revocation import revoke_invitations_of, shut_out
from audit.services import record
from core.problems import FieldError
from core.text.email_addresses import canonical_address

Check = Callable[[User], None]
Changes = dict[str, Any]


def new_person(*, email: str, password: str | None, **fields: Any) -> User:
    """Return a person who is not saved yet; ``fields`` are names, role and activity.

    The password is hashed here, before anything is locked. Who chooses it can log in as that
    person, so it asks for a recent proof. Raises ValidationFailed and ProofRequired.
    """
    if password is not None:
        require_recent_proof()
    person = User(email=canonical_address(email), **fields)
    require_sound(person)
    if password is None:
        person.password = make_password(None)
    else:
        person.password = checked_password(password, person)
        person.password_change_required = True
    return person


def create_person(*, by: User, person: User) -> User:
    """Add a person whom ``new_person`` has made.

    Without a password they get none that fits, and a letter with a link to set one; whoever is
    not active gets it once they are. Raises PermissionRefused, ProofRequired and EmailTaken.
    """
    with transaction.atomic():
        actor = acting(locked_owners(by.pk), by)
        require_may("create", actor, person)
        add_user(person)
        facts = {"role": person.role, "is_active": person.is_active}
        record("user.created", actor=actor_of(actor), target=target_of(person), **facts)
        if person.is_active and not is_password_usable(person.password):
            _ask_for_a_password(person)
    return person


def _ask_for_a_password(person: User) -> None:
    post_letter("account_created", to=person.email, user=str(person.id))


def change_person(person_id: uuid.UUID, *, by: User, changes: Changes, check: Check) -> User:
    """Change a person's names, address, role or activity; return them as they are now.

    ``check`` sees the locked row and may raise. Raises NotFound, PermissionRefused,
    ProofRequired, LastOwner, EmailTaken and ValidationFailed.
    """
    with transaction.atomic():
        locked = locked_owners(by.pk, person_id)
        actor, person = acting(locked, by), found(locked, person_id)
        wanted = {n: v for n, v in _normalised(changes).items() if getattr(person, n) != v}
        _require_allowed(actor, person, wanted)
        check(person)
        if wanted:
            _require_owner_left(person, wanted)
            _apply(person, wanted, actor)
        return person


def _normalised(changes: Changes) -> Changes:
    cleaned = {n: clean_person_name(changes[n], field=n) for n in NAMES if n in changes}
    if "email" in changes:
        cleaned["email"] = canonical_address(changes["email"])
    return {**changes, **cleaned}


def _require_allowed(actor: User, person: User, wanted: Changes) -> None:
    if wanted.keys() & set(NAMES):
        require_may("rename", actor, person)
    if "email" in wanted:
        require_may("readdress", actor, person)
    if "role" in wanted:
        require_may("appoint", actor, person, role=wanted["role"])
    if "is_active" in wanted:
        require_may("reactivate" if wanted["is_active"] else "deactivate", actor, person)


def _require_owner_left(person: User, wanted: Changes) -> None:
    if counts_as_owner(person) and ("role" in wanted or "is_active" in wanted):
        require_another_owner(person)


def _apply(person: User, wanted: Changes, actor: User) -> None:
    before = {name: getattr(person, name) for name in wanted}
    for name, value in wanted.items():
        setattr(person, name, value)
    require_sound(person, names=())  # those that change are cleaned already
    columns = [*wanted, "updated_at"]
    if "email" in wanted:
        before["email_verified_at"] = person.email_verified_at
        person.email_verified_at = None
        columns.append("email_verified_at")
    _save(person, columns)
    _take_effect(person, before, actor)
    _record(person, before, actor)


def _save(person: User, columns: list[str]) -> None:
    taken = EmailTaken(errors=[FieldError("email", "taken", EmailTaken.title)])
    # Asked first, so that what is expected is no error in the database's log.
    holder = person_with_email(person.email) if "email" in columns else None
    if holder is not None and holder.pk != person.pk:
        raise taken
    try:
        with transaction.atomic():
            person.save(update_fields=columns)
    except IntegrityError as exc:  # since a moment ago
        raise taken from exc


def _take_effect(person: User, before: Changes, actor: User) -> None:
    """Do what else a change means. Sessions come last: ending them is put on record."""
    if not (person.manages and person.is_active) or before.get("role") == User.Role.OWNER:
        revoke_invitations_of(person)
    if "email" in before:
        void_links(person)
        # Who had the account must hear of it (OWASP ASVS 5.0, 6.3.7).
        verified: dict[str, Any] = {VERIFIED: True} if before["email_verified_at"] else {}
        post_letter("address_changed", to=before["email"], **verified)
    if "is_active" in before:
        # On the way back too: a log-in that was under way when they went must not live on.
        shut_out(person, actor=actor_of(actor))
        if person.is_active and not is_password_usable(person.password):
            _ask_for_a_password(person)


def _record(person: User, before: Changes, actor: User) -> None:
    who, target = actor_of(actor), target_of(person)
    if names := sorted(before.keys() & set(NAMES)):
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
