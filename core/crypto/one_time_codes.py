"""One-time codes: TOTP codes of an authenticator app, and recovery codes.

TOTP is RFC 6238 over HOTP (RFC 4226) with the parameters that every app supports: SHA-1, six
digits, thirty seconds. django-otp computes it.
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
# One time step, for clock drift and the time to type a code (RFC 6238 section 5.2).
TOTP_TOLERANCE = 1
SECRET_BYTES = 20
TOTP_CODE = re.compile(r"\d{6}", re.ASCII)
# Crockford's base 32, without characters that are easily confused. 12 characters are 60 bits.
RECOVERY_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LOOKALIKES = str.maketrans("oil", "011")
RECOVERY_CODES = 10
RECOVERY_LENGTH = 12
MAX_CODE_LENGTH = 40


def new_totp_secret() -> str:
    """Return a new secret of 160 bits (RFC 4226 section 4) in base 32, the form that apps read."""
    return b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def otpauth_uri(secret: str, *, issuer: str, account: str) -> str:
    """Return the ``otpauth`` URI that authenticator apps read from a QR code.

    A colon separates issuer and account, so neither may contain one (Key URI Format, "Label").
    """
    issuer, account = _without_colons(issuer), _without_colons(account)
    label = quote(f"{issuer}:{account}" if issuer else account, safe="")
    fields = {"secret": secret, "issuer": issuer, "algorithm": "SHA1"}
    query = urlencode({**fields, "digits": TOTP_DIGITS, "period": TOTP_PERIOD}, quote_via=quote)
    return f"otpauth://totp/{label}?{query}"


def _without_colons(text: str) -> str:
    return re.sub(r"[\s:]+", " ", text).strip()


def matching_step(secret: str, code: str, *, after: int) -> int | None:
    """Return the time step of a code: the current step or a neighbour, later than ``after``.

    None for a wrong code. Every candidate is compared, in constant time.
    """
    key, now, found = b32decode(secret), int(time.time()) // TOTP_PERIOD, None
    for step in range(now - TOTP_TOLERANCE, now + TOTP_TOLERANCE + 1):
        matches = hmac.compare_digest(totp_code(key, step).encode(), code.encode())
        if matches and step > after:
            found = step
    return found


def totp_code(key: bytes, step: int) -> str:
    """Return the code of one time step."""
    return f"{hotp(key, step, digits=TOTP_DIGITS):0{TOTP_DIGITS}}"


def is_totp_code(code: str) -> bool:
    """Tell whether a code has the form of a TOTP code; any other can be a recovery code."""
    return TOTP_CODE.fullmatch(code) is not None


def normalize_code(code: str) -> str:
    """Return a code in lower case, without white space and hyphens."""
    return re.sub(r"[\s-]", "", code).lower()


def new_recovery_codes() -> list[str]:
    """Return ten new codes like ``k3v9-2m4q-8wtz``, of 60 random bits each."""
    return [_grouped(_random_code()) for _ in range(RECOVERY_CODES)]


def normalize_recovery_code(code: str) -> str:
    """Return a recovery code as it is hashed, with look-alike characters replaced."""
    return normalize_code(code).translate(LOOKALIKES)


def _random_code() -> str:
    return "".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH))


def _grouped(text: str) -> str:
    return "-".join(text[i : i + 4] for i in range(0, len(text), 4))
