"""Log-in and log-out of a tenant's users."""

from django.db import transaction

from accounts.actors import session_target, user_actor, user_target
from accounts.models import Session, User
from accounts.passwords.validation import user_password_matches, user_password_still_matches
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_second_factor
from accounts.sessions.services import NewSession, end_session, open_session
from accounts.users.queries import find_user_by_typed_email
from audit.services import ANONYMOUS, Target, record
from core.text.email_addresses import address_key


def log_in(*, email: str, password: str, code: str = "") -> NewSession:
    """Authenticate with e-mail, password and, if enrolled, a second-factor code.

    An unknown address, a wrong password and an inactive user get the same InvalidCredentials after
    the same work. Whether a user has a second factor is shown only after the right password.

    Raises: InvalidCredentials, SecondFactorRequired, and what ``require_second_factor`` raises.
    """
    user = find_user_by_typed_email(email)
    matches = user_password_matches(user, password)
    if user is None or not matches or not user.is_active:
        _record_failure(email, user)
        raise InvalidCredentials
    try:
        factor = require_second_factor(user, code)
    except InvalidCredentials:
        _record_failure(email, user, at="second_factor")
        raise
    with transaction.atomic():
        return _open_checked_session(user, password, factor)


def log_out(session: Session, *, actor: User) -> None:
    """End one session. Ending it again changes nothing."""
    with transaction.atomic():
        locked = Session.objects.select_for_update().get(pk=session.pk)
        if locked.ended_at is None:
            end_session(locked, Session.End.LOGOUT, actor=user_actor(actor))


def _open_checked_session(user: User, password: str, factor: str) -> NewSession:
    """Open a session, unless the user was changed since the password was checked."""
    opened = open_session(user)
    locked = opened.user
    if not user_password_still_matches(locked, user, password):
        raise InvalidCredentials
    if locked.second_factor_at != user.second_factor_at:
        raise InvalidCredentials
    target = session_target(opened.session, locked)
    record("session.started", actor=user_actor(locked), target=target, factor=factor)
    return opened


def _record_failure(email: str, user: User | None, **details: str) -> None:
    target = user_target(user) if user else Target("user", "", address_key(email))
    record("session.refused", actor=ANONYMOUS, target=target, **details)
