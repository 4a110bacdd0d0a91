"""What people do with their accounts. Each verb is one transaction, audited, and names who acts."""

from collections.abc import Callable
from functools import partial

from django.db import transaction

from accounts.actors import actor_of, target_of
from accounts.email.outbox import ask_to_verify
from accounts.invitations.acceptance import Admission, admission_of, use_up
from accounts.models import Session, User
from accounts.passwords.validation import password_fits, still_fits
from accounts.people.finding import person_with_spelling
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_code
from accounts.sessions.services import Opened, end, open_session
from accounts.users.creation import add_user, clean_person_name, new_user
from audit.services import ANONYMOUS, Target, record
from core.text.email_addresses import address_key, canonical_address


def register(**fields: str) -> Opened:
    """Let a person join the tenant and log them in. See ``registering``."""
    return registering(**fields)()


def registering(
    *, email: str, password: str, first_name: str, last_name: str, invitation: str = ""
) -> Callable[[], Opened]:
    """Return what lets a person join, as what the invitation says if there is one.

    The password is hashed before, so that nothing is locked meanwhile. Raises ValidationFailed and
    RegistrationClosed; what is returned that and EmailTaken.
    """
    admission = admission_of(canonical_address(email), invitation)
    user = new_user(
        email=email,
        password=password,
        role=admission.role,
        first_name=first_name,
        last_name=last_name,
    )
    user.email_verified_at = admission.verified_at
    return partial(_register, user, admission)


def _register(user: User, admission: Admission) -> Opened:
    with transaction.atomic():
        use_up(admission, actor=actor_of(user))
        add_user(user)
        record("user.registered", actor=actor_of(user), target=target_of(user), role=user.role)
        if user.email_verified_at is None:
            ask_to_verify(user)
        return open_session(user)


def log_in(*, email: str, password: str, code: str = "") -> Opened:
    """Open a session for the right address and password, and code of who has a second factor.

    An unknown address, a wrong password and an inactive person get the same InvalidCredentials
    after the same work, and nobody learns without the password who has a second factor. Raises
    SecondFactorRequired, and what ``require_code`` raises.
    """
    user = person_with_spelling(email)
    fits = password_fits(user, password)
    if user is None or not fits or not user.is_active:
        _record_failure(email, user)
        raise InvalidCredentials
    try:
        factor = require_code(user, code)
    except InvalidCredentials:
        _record_failure(email, user, at="second_factor")
        raise
    with transaction.atomic():
        return _opened(user, password, factor)


def _opened(user: User, password: str, factor: str) -> Opened:
    """Open the session unless the password was changed, or the person put out, a moment ago."""
    opened = open_session(user)
    locked = opened.user
    if not still_fits(locked, user, password):
        raise InvalidCredentials
    if locked.second_factor_at != user.second_factor_at:  # added or removed a moment ago
        raise InvalidCredentials
    target = Target("session", str(opened.session.id), locked.email)
    record("session.started", actor=actor_of(locked), target=target, factor=factor)
    return opened


def _record_failure(email: str, user: User | None, **details: str) -> None:
    target = target_of(user) if user else Target("user", "", address_key(email))
    record("session.refused", actor=ANONYMOUS, target=target, **details)


def log_out(session: Session, *, actor: User) -> None:
    """End one session; ending it again changes nothing."""
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        if locked.ended_at is None:
            end(locked, Session.End.LOGOUT, actor=actor_of(actor))


def update_profile(user: User, *, changes: dict[str, str], check: Callable[[User], None]) -> User:
    """Change a person's own names. ``check`` sees the locked row first and may raise.

    Raises ValidationFailed.
    """
    with transaction.atomic():
        locked = User.objects.select_for_update().get(pk=user.pk)
        check(locked)
        names = {name: clean_person_name(changes[name], field=name) for name in changes}
        changed = sorted(name for name in names if getattr(locked, name) != names[name])
        for name in changed:
            setattr(locked, name, names[name])
        if changed:
            locked.save(update_fields=[*changed, "updated_at"])
            record("user.updated", actor=actor_of(user), target=target_of(locked), fields=changed)
        return locked
