"""Reauthentication before dangerous actions (``require_recent_authentication``)."""

from django.db import transaction
from django.utils import timezone

from accounts.models import Session, User
from accounts.passwords.validation import user_password_matches
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_second_factor
from accounts.users.queries import session_target, user_actor
from audit.services import record
from core.problems import FieldError, Problem, ValidationFailed


def reauthenticate(session: Session, *, password: str | None, code: str | None) -> None:
    """Record that the session's user authenticated now, with the password or a second factor.

    A user with a second factor needs a code, another user the password. A refusal is recorded in
    the audit trail.

    Raises: SecondFactorRequired after the right password alone; InvalidCredentials;
    ValidationFailed; what ``require_second_factor`` raises.
    """
    user = User.objects.get(pk=session.user_id)
    try:
        method = _verified_method(user, password, code)
    except InvalidCredentials:
        _record("session.proof_refused", session, user)
        raise
    with transaction.atomic():
        Session.objects.filter(pk=session.pk).update(proved_at=timezone.now())
        _record("session.proved", session, user, by=method)


def _verified_method(user: User, password: str | None, code: str | None) -> str:
    has_factor = user.second_factor_at is not None
    if password is None and not (has_factor and code):
        raise _missing_field("code" if has_factor else "password")
    if password is not None and not user_password_matches(user, password):
        raise InvalidCredentials
    return require_second_factor(user, code or "") or "password"


def _missing_field(field: str) -> Problem:
    return ValidationFailed(errors=[FieldError(field, "required", "Prove who you are with this.")])


def _record(action: str, session: Session, user: User, **details: str) -> None:
    target = session_target(session, user)
    record(action, actor=user_actor(user), target=target, **details)
