"""Proving again who one is, before something dangerous (accounts/permissions.py asks for it)."""

from django.db import transaction
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import Session, User
from accounts.passwords.validation import user_password_matches
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_second_factor
from audit.services import Target, record
from core.problems import FieldError, Problem, ValidationFailed


def reauthenticate(session: Session, *, password: str | None, code: str | None) -> None:
    """Note that the session's person proved who they are, now.

    Who has a second factor proves it with a code; anybody else with the password. Raises
    SecondFactorRequired after a right password alone, InvalidCredentials, ValidationFailed and what
    ``require_second_factor`` raises. A refusal is recorded.
    """
    user = User.objects.get(pk=session.user_id)
    try:
        how = _verified_method(user, password, code)
    except InvalidCredentials:
        _record("session.proof_refused", session, user)
        raise
    with transaction.atomic():
        Session.objects.filter(pk=session.pk).update(proved_at=timezone.now())
        _record("session.proved", session, user, by=how)


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
    target = Target("session", str(session.id), user.email)
    record(action, actor=user_actor(user), target=target, **details)
