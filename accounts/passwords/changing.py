"""A person sets another password in place of the one that they know."""

from django.db import transaction

from accounts.actors import actor_of, target_of
from accounts.auth.login_throttling import counted_attempt
from accounts.email.outbox import post_letter
from accounts.email_tokens import void_links
from accounts.models import Session, User
from accounts.passwords.validation import checked_password, password_fits, still_fits
from accounts.problems import WrongPassword
from accounts.sessions.services import end_others
from audit.services import record
from core.crypto.passwords import SAME, normalized_password
from core.problems import FieldError, ValidationFailed


def change_password(session: Session, *, current: str, password: str) -> None:
    """Set a new password; end the person's other sessions, and links that were mailed to them.

    A wrong ``current`` counts as a log-in that failed, so that a stolen session cannot guess it.
    Of two changes at once one wins; to the other ``current`` is wrong by then. Raises
    WrongPassword, ValidationFailed, RateLimited, HashingBusy.
    """
    user = User.objects.get(pk=session.user_id)
    with counted_attempt(user.email):
        if not password_fits(user, current):
            record("password.refused", actor=actor_of(user), target=target_of(user))
            raise WrongPassword
        _require_another(current, password)
        # Hashed before anything is locked: it takes long, and others may be waiting for the row.
        hashed = checked_password(password, user)
        with transaction.atomic():
            _store(session, user, current, hashed)


def _require_another(current: str, password: str) -> None:
    if normalized_password(password) == normalized_password(current):
        raise ValidationFailed(errors=[FieldError("password", "same", SAME)])


def _store(session: Session, seen: User, current: str, hashed: str) -> None:
    locked = User.objects.select_for_update().get(pk=seen.pk)
    if not still_fits(locked, seen, current):
        raise WrongPassword
    locked.password = hashed
    locked.password_change_required = False
    locked.save(update_fields=["password", "password_change_required", "updated_at"])
    record("password.changed", actor=actor_of(locked), target=target_of(locked))
    end_others(session, Session.End.PASSWORD, actor=actor_of(locked))
    void_links(locked)
    post_letter("password_changed", to=locked.email, user=str(locked.id))
