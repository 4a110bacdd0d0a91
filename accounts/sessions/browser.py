"""The session of a browser: the same row as an API client's, held by a cookie.

The cookie holds the session's refresh token, encrypted for the tenant. Scripts cannot read it
(``HttpOnly``), and an API client cannot use it as a token. A cookie younger than
``ROTATION_INTERVAL`` authenticates like an access token: by signature, and by the session's row. An
older one is exchanged like a refresh token, so a stolen copy ends the session when it is used.

See docs/decisions/0025-browser-sessions.md.
"""

from datetime import timedelta

from django.utils import timezone

from accounts.authentication import authenticate_session
from accounts.encryption import DecryptionError, decrypt, encrypt
from accounts.models import Session
from accounts.problems import TokenInvalid
from accounts.sessions.rotation import rotate_refresh_token
from accounts.sessions.services import NewSession
from accounts.sessions.tokens import verify_refresh_token_claims

PURPOSE = "browser-session"
ROTATION_INTERVAL = timedelta(hours=1)
# A response with the next cookie can get lost. A browser repeats its request later than a program.
ROTATION_GRACE = timedelta(minutes=5)
PADDING = "="  # of base64; a cookie would have to be quoted for it
MAX_COOKIE_LENGTH = 4096  # RFC 6265, section 6.1


def cookie_value(opened: NewSession) -> str:
    """Return the cookie of a new or rotated session, in characters that need no quotes."""
    return encrypt(PURPOSE, opened.refresh_token).rstrip(PADDING)


def authenticate_cookie(cookie: str, *, rotate: bool) -> tuple[Session, str]:
    """Return the active session with its user, and the next cookie; empty if it stays the same.

    Without ``rotate`` an old cookie is checked for reuse, and exchanged by a later request.

    Raises: TokenInvalid (with the cause as ``reason`` for an ended session), TokenExpired,
    TokenReused.
    """
    token = _refresh_token(cookie)
    claims = verify_refresh_token_claims(token)
    if timezone.now() - claims.issued_at < ROTATION_INTERVAL:
        return authenticate_session(claims.session_id), ""
    rotated = rotate_refresh_token(token, grace=ROTATION_GRACE, advance=rotate)
    if not rotate:
        return authenticate_session(claims.session_id), ""
    return rotated.session, cookie_value(rotated)


def _refresh_token(cookie: str) -> str:
    if len(cookie) > MAX_COOKIE_LENGTH or not cookie.isascii():
        raise TokenInvalid
    try:
        return decrypt(PURPOSE, cookie + PADDING * (-len(cookie.partition(":")[2]) % 4))
    except DecryptionError as exc:
        raise TokenInvalid from exc
