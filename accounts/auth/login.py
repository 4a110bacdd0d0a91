"""Log-in and log-out of a tenant's users."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from django.core.cache import cache
from django.db import transaction

from accounts.models import Session, User
from accounts.passwords.validation import user_password_matches, user_password_still_matches
from accounts.problems import InvalidCredentials, WrongPassword
from accounts.second_factors import require_second_factor
from accounts.sessions.services import NewSession, end_session, open_session
from accounts.users.queries import find_user_by_typed_email, session_target, user_actor, user_target
from audit.services import ANONYMOUS, Target, record
from core.rate_limits.login_throttle import LoginAccount, throttle_attempt
from core.request_context import limit_key, request_context
from core.text.composite_keys import composite_digest
from core.text.email_addresses import address_key, lowercased_address
from tenants.context import current_tenant

FAMILIAR_ADDRESS_SECONDS = 30 * 86400
MAX_SESSIONS_CHECKED = 100
LOGIN_FAILURES = (InvalidCredentials, WrongPassword)


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


# Throttling of attempts to verify a user's password (core/rate_limits/login_throttle.py).
#
# Familiar addresses are those of the user's earlier log-ins and password resets.


@contextmanager
def throttle_login(email: str) -> Iterator[None]:
    """Count the block as one attempt for the password of ``email`` in the current tenant.

    Raises: RateLimited.
    """
    tenant = str(current_tenant().id)
    account = LoginAccount(tenant, address_key(email), partial(is_familiar_address, email))
    with throttle_attempt(account, lambda exc: isinstance(exc, LOGIN_FAILURES)):
        yield


def is_familiar_address(email: str, address: str) -> bool:
    """Return whether the account has logged in from this address, in the form that limits use."""
    if cache.get(_cache_key(email, address)):
        return True
    spellings = {lowercased_address(email), address_key(email)}
    sessions = Session.objects.filter(user__email__in=spellings, ip__isnull=False)
    known = sessions.order_by("-last_used_at").values_list("ip", flat=True)[:MAX_SESSIONS_CHECKED]
    return address in {limit_key(ip) for ip in known if ip}


def remember_address(email: str) -> None:
    """Remember the client address as familiar after a password reset by e-mail."""
    address = limit_key(request_context().client_address)
    cache.set(_cache_key(email, address), True, FAMILIAR_ADDRESS_SECONDS)


def _cache_key(email: str, address: str) -> str:
    return f"familiar-{composite_digest(address_key(email), address)}"
