"""What people do with their accounts. Each verb is one transaction, audited, and names who acts."""

from collections.abc import Callable
from functools import partial

from django.db import transaction

from accounts.actors import user_actor, user_target
from accounts.email.outbox import enqueue_verification_email
from accounts.invitations.acceptance import (
    RegistrationGrant,
    check_registration,
    consume_invitation,
)
from accounts.models import Session, User
from accounts.passwords.validation import user_password_matches, user_password_still_matches
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_second_factor
from accounts.sessions.services import NewSession, end_session, open_session
from accounts.users.creation import build_user, clean_user_name, insert_user
from accounts.users.queries import find_user_by_typed_email
from audit.services import ANONYMOUS, Target, record
from core.text.email_addresses import address_key, canonical_address


def register(**fields: str) -> NewSession:
    """Let a person join the tenant and log them in. See ``prepare_registration``."""
    return prepare_registration(**fields)()


def prepare_registration(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> Callable[[], NewSession]:
    """Return what lets a person join, as what the invitation says if there is one.

    The password is hashed before, so that nothing is locked meanwhile. Raises ValidationFailed and
    RegistrationClosed; what is returned that and EmailTaken.
    """
    admission = check_registration(canonical_address(email), invitation)
    user = build_user(
        email=email,
        password=password,
        role=admission.role,
        first_name=first_name,
        last_name=last_name,
    )
    user.email_verified_at = admission.verified_at
    return partial(_complete_registration, user, admission)


def _complete_registration(user: User, admission: RegistrationGrant) -> NewSession:
    with transaction.atomic():
        consume_invitation(admission, actor=user_actor(user))
        insert_user(user)
        record("user.registered", actor=user_actor(user), target=user_target(user), role=user.role)
        if user.email_verified_at is None:
            enqueue_verification_email(user)
        return open_session(user)


def log_in(*, email: str, password: str, code: str = "") -> NewSession:
    """Open a session for the right address and password, and code of who has a second factor.

    An unknown address, a wrong password and an inactive person get the same InvalidCredentials
    after the same work, and nobody learns without the password who has a second factor. Raises
    SecondFactorRequired, and what ``require_second_factor`` raises.
    """
    user = find_user_by_typed_email(email)
    fits = user_password_matches(user, password)
    if user is None or not fits or not user.is_active:
        _record_failure(email, user)
        raise InvalidCredentials
    try:
        factor = require_second_factor(user, code)
    except InvalidCredentials:
        _record_failure(email, user, at="second_factor")
        raise
    with transaction.atomic():
        return _open_checked_session(user, password, factor)


def _open_checked_session(user: User, password: str, factor: str) -> NewSession:
    """Open the session unless the password was changed, or the person put out, a moment ago."""
    opened = open_session(user)
    locked = opened.user
    if not user_password_still_matches(locked, user, password):
        raise InvalidCredentials
    if locked.second_factor_at != user.second_factor_at:  # added or removed a moment ago
        raise InvalidCredentials
    target = Target("session", str(opened.session.id), locked.email)
    record("session.started", actor=user_actor(locked), target=target, factor=factor)
    return opened


def _record_failure(email: str, user: User | None, **details: str) -> None:
    target = user_target(user) if user else Target("user", "", address_key(email))
    record("session.refused", actor=ANONYMOUS, target=target, **details)


def log_out(session: Session, *, actor: User) -> None:
    """End one session; ending it again changes nothing."""
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        if locked.ended_at is None:
            end_session(locked, Session.End.LOGOUT, actor=user_actor(actor))


def update_profile(user: User, *, changes: dict[str, str], check: Callable[[User], None]) -> User:
    """Change a person's own names. ``check`` sees the locked row first and may raise.

    Raises ValidationFailed.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        check(locked)
        names = {name: clean_user_name(changes[name], field=name) for name in changes}
        changed = sorted(name for name in names if getattr(locked, name) != names[name])
        for name in changed:
            setattr(locked, name, names[name])
        if changed:
            locked.save(update_fields=[*changed, "updated_at"])
            record(
                "user.updated", actor=user_actor(user), target=user_target(locked), fields=changed
            )
        return locked
