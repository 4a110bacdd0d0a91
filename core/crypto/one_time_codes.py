"""One-time codes: those that an authenticator app shows (TOTP), and recovery codes on paper.

TOTP is RFC 6238 over HOTP (RFC 4226) as every app speaks it: SHA-1, six digits, thirty seconds. The
arithmetic is django-otp's.
"""

import hmac
import re
import secrets
import time
from base64 import b32decode, b32encode
from urllib.parse import quote, urlencode

from django_otp.oath import hotp

TOTP_PERIOD = 30
TOTP_DIGITS = 6
# One step for a clock that is off and for the time that typing takes (RFC 6238 section 5.2).
TOTP_TOLERANCE = 1
SECRET_BYTES = 20
TOTP_CODE = re.compile(r"\d{6}", re.ASCII)
# Crockford's base 32 leaves out what is misread: 12 of them are 60 bits.
RECOVERY_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LOOKALIKES = str.maketrans("oil", "011")
RECOVERY_CODES = 10
RECOVERY_LENGTH = 12
MAX_CODE_LENGTH = 40


def new_totp_secret() -> str:
    """Return a new secret of 160 bits (RFC 4226 section 4) in base 32, as apps take it."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def otpauth_uri(secret: str, *, issuer: str, account: str) -> str:
    """Return the ``otpauth`` address that authenticator apps read from a QR code.

    A colon parts issuer and account, so neither may hold one (Key URI Format, "Label").
    """
    issuer, account = _without_colons(issuer), _without_colons(account)
    label = quote(f"{issuer}:{account}" if issuer else account, safe="")
    fields = {"secret": secret, "issuer": issuer, "algorithm": "SHA1"}
    query = urlencode({**fields, "digits": TOTP_DIGITS, "period": TOTP_PERIOD}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"


def _without_colons(text: str) -> str:
    return re.sub(r"[\s:]+", " ", text).strip()


def matching_step(secret: str, code: str, *, after: int) -> int | None:
    """Return the time step that the code belongs to: now or one beside it, later than ``after``.

    None for any other code. Every candidate is compared, in constant time.
    """
    key, now, found = b32decode(secret), int(time.time()) // TOTP_PERIOD, None
    for step in range(now - TOTP_TOLERANCE, now + TOTP_TOLERANCE + 1):
        fits = hmac.compare_digest(totp_code(key, step).encode(), code.encode())
        if fits and step > after:
            found = step
    return found


def totp_code(key: bytes, step: int) -> str:
    """Return the code of one time step."""
    return f"{hotp(key, step, digits=TOTP_DIGITS):0{TOTP_DIGITS}}"


def is_totp_code(code: str) -> bool:
    """Tell whether this has the form of an app's code; anything else can be a recovery code."""
    return TOTP_CODE.fullmatch(code) is not None


def normalize_code(code: str) -> str:
    """Return a code as it is compared: without what people put between, in one case."""
    return re.sub(r"[\s-]", "", code).lower()


def new_recovery_codes() -> list[str]:
    """Return ten new codes like ``k3v9-2m4q-8wtz``, of 60 random bits each."""
    return [_grouped(_random_code()) for _ in range(RECOVERY_CODES)]


def normalize_recovery_code(code: str) -> str:
    """Return a recovery code as it is hashed: what is often misread counts as what it is."""
    return normalize_code(code).translate(LOOKALIKES)


def _random_code() -> str:
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH))


def _grouped(text: str) -> str:
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))
