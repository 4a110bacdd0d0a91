"""Login tickets: a user who has just signed up on the apex host is logged in on the tenant's host.

A ticket is encrypted for its tenant, so it means nothing to another one. It is valid for five
minutes, once, and only for a user whose password and second factor have not changed since. Used
tickets are remembered in Redis. While Redis is unavailable no ticket is accepted, and the user logs
in with the password.
"""

import hmac
import json
import secrets
import time

from django.core.cache import cache
from django.db import transaction

from accounts.encryption import DecryptionError, decrypt, encrypt
from accounts.models import User
from accounts.problems import InvalidCredentials, TokenInvalid
from accounts.sessions.services import NewSession, open_session
from accounts.users.queries import session_target, user_actor
from audit.services import record
from core.text.composite_keys import composite_digest

PURPOSE = "login-ticket"
LIFETIME_SECONDS = 300
MAX_TICKET_LENGTH = 2000
PADDING = "="  # of base64; a cookie would have to be quoted for it


def create_login_ticket(user: User) -> str:
    """Return a ticket for a user of the current tenant, in characters that a cookie may have."""
    facts = [str(user.pk), _state(user), secrets.token_urlsafe(16), int(time.time())]
    return encrypt(PURPOSE, json.dumps(facts)).rstrip(PADDING)


def consume_login_ticket(ticket: str) -> NewSession:
    """Log the ticket's user in. Of several concurrent calls one succeeds.

    Raises: TokenInvalid.
    """
    user_id, state, number, created_at = _read(ticket)
    if not 0 <= time.time() - created_at <= LIFETIME_SECONDS:
        raise TokenInvalid
    # False also without Redis, which would not notice a second use.
    if not cache.add(f"login-ticket-{number}", True, 2 * LIFETIME_SECONDS):
        raise TokenInvalid
    with transaction.atomic():
        return _open_session(user_id, state)


def _open_session(user_id: str, state: str) -> NewSession:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        raise TokenInvalid
    try:
        opened = open_session(user)
    except InvalidCredentials as exc:
        raise TokenInvalid from exc
    if not hmac.compare_digest(_state(opened.user), state):  # of the locked row
        raise TokenInvalid
    target = session_target(opened.session, opened.user)
    record("session.started", actor=user_actor(opened.user), target=target, factor="", by="ticket")
    return opened


def _read(ticket: str) -> tuple[str, str, str, int]:
    if len(ticket) > MAX_TICKET_LENGTH or not ticket.isascii():
        raise TokenInvalid
    padding = PADDING * (-len(ticket.partition(":")[2]) % 4)
    try:
        user_id, state, number, created_at = json.loads(decrypt(PURPOSE, ticket + padding))
    except (DecryptionError, ValueError) as exc:
        raise TokenInvalid from exc
    return user_id, state, number, created_at


def _state(user: User) -> str:
    """Return a text that changes with the user's password, second factor and address."""
    return composite_digest(user.password, str(user.second_factor_at), user.email)
