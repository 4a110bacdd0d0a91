"""A person sets another password in place of the one that they know."""

from django.db import transaction

from accounts.actors import user_actor, user_target
from accounts.auth.login_throttling import throttle_login
from accounts.email.outbox import enqueue_email
from accounts.email_tokens import revoke_email_tokens
from accounts.models import Session, User
from accounts.passwords.validation import (
    hash_new_password,
    user_password_matches,
    user_password_still_matches,
)
from accounts.problems import WrongPassword
from accounts.sessions.services import end_other_sessions
from audit.services import record
from core.crypto.passwords import SAME_PASSWORD, normalize_password
from core.problems import FieldError, ValidationFailed


def change_password(session: Session, *, current: str, password: str) -> None:
    """Set a new password; end the person's other sessions, and links that were mailed to them.

    A wrong ``current`` counts as a log-in that failed, so that a stolen session cannot guess it.
    Of two changes at once one wins; to the other ``current`` is wrong by then. Raises
    WrongPassword, ValidationFailed, RateLimited, HashingBusy.
    """
    user = User.objects.get(pk=session.user_id)
    with throttle_login(user.email):
        if not user_password_matches(user, current):
            record("password.refused", actor=user_actor(user), target=user_target(user))
            raise WrongPassword
        _require_different(current, password)
        # Hashed before anything is locked: it takes long, and others may be waiting for the row.
        hashed = hash_new_password(password, user)
        with transaction.atomic():
            _store_password(session, user, current, hashed)


def _require_different(current: str, password: str) -> None:
    if normalize_password(password) == normalize_password(current):
        raise ValidationFailed(errors=[FieldError("password", "same", SAME_PASSWORD)])


def _store_password(session: Session, seen: User, current: str, hashed: str) -> None:
    locked = User.objects.select_for_update().get(pk=seen.pk)
    if not user_password_still_matches(locked, seen, current):
        raise WrongPassword
    locked.password = hashed
    locked.password_change_required = False
    locked.save(update_fields=["password", "password_change_required", "updated_at"])
    record("password.changed", actor=user_actor(locked), target=user_target(locked))
    end_other_sessions(session, Session.End.PASSWORD, actor=user_actor(locked))
    revoke_email_tokens(locked)
    enqueue_email("password_changed", to=locked.email, user=str(locked.id))
