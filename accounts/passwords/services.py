"""Setting a new password with a link that was mailed."""

from django.db import transaction

from accounts.actors import user_actor, user_target
from accounts.auth.login_throttling import remember_address, throttle_login
from accounts.auth.registration import mark_email_verified
from accounts.email.outbox import enqueue_email
from accounts.email_tokens import consume_email_token, get_email_token, revoke_email_tokens
from accounts.models import MailLink, Session, User
from accounts.passwords.validation import (
    hash_new_password,
    user_password_matches,
    user_password_still_matches,
)
from accounts.problems import LinkInvalid, WrongPassword
from accounts.sessions.services import end_other_sessions, end_user_sessions
from audit.services import record
from core.crypto.passwords import SAME_PASSWORD, normalize_password
from core.http.client_address import limit_key
from core.problems import FieldError, ValidationFailed
from core.rate_limits.limits import clear
from core.request_context import request_context
from core.text.email_addresses import address_key, lowercased_address
from tenants.context import current_tenant


def request_password_reset(*, email: str) -> None:
    """Ask for a mail with a link, whoever has the address, if anybody.

    Nobody is looked up here, so that the answer and its time say nothing about the address.
    """
    recipient, typed = address_key(email), lowercased_address(email)
    spelling = {} if typed == recipient else {"spelling": typed}
    with transaction.atomic():
        enqueue_email("password_reset", to=recipient, **spelling)


def reset_password(*, token: str, password: str) -> User:
    """Give the person whom the link was mailed to another password, and end all their sessions.

    Raises LinkInvalid, and ValidationFailed for a password that breaks the rules; the link is then
    as good as before. Whoever reads the mail has shown that the address is theirs.
    """
    person = _token_user(get_email_token(token, MailLink.Purpose.RESET))
    _refuse_initial_password(person, password)
    hashed = hash_new_password(password, person)
    with transaction.atomic():
        user = _token_user(consume_email_token(token, MailLink.Purpose.RESET))
        user.password = hashed
        user.password_change_required = False
        user.save(update_fields=["password", "password_change_required", "updated_at"])
        record("password.reset", actor=user_actor(user), target=user_target(user))
        mark_email_verified(user)
        end_user_sessions(user, Session.End.PASSWORD, actor=user_actor(user))
        revoke_email_tokens(user)
        enqueue_email("password_changed", to=user.email, user=str(user.id))
    # They read the mail, so that failures of others from elsewhere do not keep them out.
    remember_address(user.email)
    address = limit_key(request_context().client_address)
    clear("login_account", str(current_tenant().id), address_key(user.email), address)
    return user


def _refuse_initial_password(user: User, password: str) -> None:
    """Refuse the password that somebody else has chosen for the person, and would know still."""
    if user.password_change_required and user_password_matches(user, password):
        raise ValidationFailed(errors=[FieldError("password", "same", SAME_PASSWORD)])


def _token_user(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user


# A person sets another password in place of the one that they know.


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
