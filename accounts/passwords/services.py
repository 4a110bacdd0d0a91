"""Change of a user's password, and reset with a mailed link."""

from django.db import transaction

from accounts.auth.login import remember_address, throttle_login
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
from accounts.users.queries import user_actor, user_target
from audit.services import record
from core.crypto.passwords import SAME_PASSWORD, normalize_password
from core.problems import FieldError, ValidationFailed
from core.rate_limits.limits import clear
from core.request_context import limit_key, request_context
from core.text.email_addresses import address_key, lowercased_address
from tenants.context import current_tenant


def request_password_reset(*, email: str) -> None:
    """Queue an e-mail with a link for the user of an address, if there is one.

    The user is not looked up here, so that neither answer nor time tells whether the address is
    known.
    """
    recipient, typed = address_key(email), lowercased_address(email)
    spelling = {} if typed == recipient else {"spelling": typed}
    with transaction.atomic():
        enqueue_email("password_reset", to=recipient, **spelling)


def reset_password(*, token: str, password: str) -> User:
    """Set a password with a mailed token and end all sessions of the user.

    Reading the e-mail proves the address, so it becomes verified. After an error the token stays
    valid.

    Raises: LinkInvalid, ValidationFailed.
    """
    owner = _token_user(get_email_token(token, MailLink.Purpose.RESET))
    _refuse_initial_password(owner, password)
    hashed = hash_new_password(password, owner)
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
    # The user read the e-mail, so failed log-ins from other addresses must not lock the user out.
    remember_address(user.email)
    address = limit_key(request_context().client_address)
    clear("login_account", str(current_tenant().id), address_key(user.email), address)
    return user


def _refuse_initial_password(user: User, password: str) -> None:
    """Refuse the password that an administrator chose for the user and still knows."""
    if user.password_change_required and user_password_matches(user, password):
        raise ValidationFailed(errors=[FieldError("password", "same", SAME_PASSWORD)])


def _token_user(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user


def change_password(session: Session, *, current: str, password: str) -> None:
    """Replace the user's password; end other sessions and revoke e-mail tokens.

    A wrong ``current`` counts as a failed log-in, so a stolen session cannot guess the password. Of
    two concurrent changes one succeeds; for the other one ``current`` is wrong by then.

    Raises: WrongPassword, ValidationFailed, RateLimited, HashingBusy.
    """
    user = User.objects.get(pk=session.user_id)
    with throttle_login(user.email):
        if not user_password_matches(user, current):
            record("password.refused", actor=user_actor(user), target=user_target(user))
            raise WrongPassword
        _require_different(current, password)
        # Hashed before any lock: it takes long, and other transactions may wait for the row.
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
