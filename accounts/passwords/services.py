"""Setting a new password with a link that was mailed."""

from django.db import transaction

from accounts.actors import actor_of, target_of
from accounts.auth.login_throttling import make_familiar
from accounts.auth.registration import mark_verified
from accounts.email.outbox import post_letter
from accounts.email_tokens import look_at, redeem, void_links
from accounts.models import MailLink, Session, User
from accounts.passwords.validation import checked_password, password_fits
from accounts.problems import LinkInvalid
from accounts.sessions.services import end_all
from audit.services import record
from core.crypto.passwords import SAME
from core.http.client_address import limit_key
from core.problems import FieldError, ValidationFailed
from core.rate_limits.limits import clear
from core.request_context import request_context
from core.text.email_addresses import address_key, typed_address
from tenants.context import current_tenant


def ask_for_reset(*, email: str) -> None:
    """Ask for a mail with a link, whoever has the address, if anybody.

    Nobody is looked up here, so that the answer and its time say nothing about the address.
    """
    recipient, typed = address_key(email), typed_address(email)
    spelling = {} if typed == recipient else {"spelling": typed}
    with transaction.atomic():
        post_letter("password_reset", to=recipient, **spelling)


def reset_password(*, token: str, password: str) -> User:
    """Give the person whom the link was mailed to another password, and end all their sessions.

    Raises LinkInvalid, and ValidationFailed for a password that breaks the rules; the link is then
    as good as before. Whoever reads the mail has shown that the address is theirs.
    """
    person = _person_of(look_at(token, MailLink.Purpose.RESET))
    _require_own(person, password)
    hashed = checked_password(password, person)
    with transaction.atomic():
        user = _person_of(redeem(token, MailLink.Purpose.RESET))
        user.password = hashed
        user.password_change_required = False
        user.save(update_fields=["password", "password_change_required", "updated_at"])
        record("password.reset", actor=actor_of(user), target=target_of(user))
        mark_verified(user)
        end_all(user, Session.End.PASSWORD, actor=actor_of(user))
        void_links(user)
        post_letter("password_changed", to=user.email, user=str(user.id))
    # They read the mail, so that failures of others from elsewhere do not keep them out.
    make_familiar(user.email)
    address = limit_key(request_context().client_address)
    clear("login_account", str(current_tenant().id), address_key(user.email), address)
    return user


def _require_own(user: User, password: str) -> None:
    """Refuse the password that somebody else has chosen for the person, and would know still."""
    if user.password_change_required and password_fits(user, password):
        raise ValidationFailed(errors=[FieldError("password", "same", SAME)])


def _person_of(link: MailLink) -> User:
    if link.user is None:
        raise LinkInvalid
    return link.user
