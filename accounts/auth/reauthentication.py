"""Proving again who one is, before something dangerous (accounts/factors/proof.py asks for it)."""

from django.db import transaction
from django.utils import timezone

from accounts.actors import actor_of
from accounts.models import Session, User
from accounts.passwords.validation import password_fits
from accounts.problems import InvalidCredentials
from accounts.second_factors import require_code
from audit.services import Target, record
from core.problems import FieldError, Problem, ValidationFailed


def prove(session: Session, *, password: str | None, code: str | None) -> None:
    """Note that the session's person proved who they are, now.

    Who has a second factor proves it with a code; anybody else with the password. Raises
    SecondFactorRequired after a right password alone, InvalidCredentials, ValidationFailed and what
    ``require_code`` raises. A refusal is recorded.
    """
    user = User.objects.get(pk=session.user_id)
    try:
        how = _how(user, password, code)
    except InvalidCredentials:
        _note("session.proof_refused", session, user)
        raise
    with transaction.atomic():
        Session.objects.filter(pk=session.pk).update(proved_at=timezone.now())
        _note("session.proved", session, user, by=how)


def _how(user: User, password: str | None, code: str | None) -> str:
    has_factor = user.second_factor_at is not None
    if password is None and not (has_factor and code):
        raise _missing("code" if has_factor else "password")
    if password is not None and not password_fits(user, password):
        raise InvalidCredentials
    return require_code(user, code or "") or "password"


def _missing(field: str) -> Problem:
    return ValidationFailed(errors=[FieldError(field, "required", "Prove who you are with this.")])


def _note(action: str, session: Session, user: User, **details: str) -> None:
    target = Target("session", str(session.id), user.email)
    record(action, actor=actor_of(user), target=target, **details)
