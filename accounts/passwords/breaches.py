"""Is a password known from a breach? Asked by k-anonymity: five digits of its SHA-1 leave here.

The range API of Pwned Passwords (haveibeenpwned.com/API/v3#PwnedPasswords), or a mirror of it. It
answers with every known hash that begins alike. ``Add-Padding`` has it mix in rows with a count of
0, so that the length of the answer tells nothing either.
"""

import hashlib
import logging
import re
import time

import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError
from urllib3.exceptions import HTTPError

from accounts.problems import PasswordUnchecked
from core.passwords import normalized_password

log = logging.getLogger(__name__)
PREFIX = 5
ROW = re.compile(r"([0-9A-F]{35}):([0-9]+)", re.IGNORECASE)
# The longest ranges have some 2 000 rows of 40 bytes, and padding adds to 1 000.
MOST_BYTES = 1024 * 1024
PART = 16 * 1024


class NoAnswer(Exception):  # noqa: N818 - reads as what it says
    """The service is away, too slow, or says something else than a range."""


class BreachedPasswordValidator:
    """Refuses passwords of known breaches (NIST SP 800-63B-4, 3.1.1.2), where that is asked for.

    ``PASSWORD_BREACH_FAIL`` says what holds while the service does not answer: ``open`` takes the
    password, ``closed`` raises PasswordUnchecked.
    """

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a known one, and PasswordUnchecked."""
        if not settings.PASSWORD_BREACH_URL:
            return
        try:
            known = is_breached(normalized_password(password))
        except NoAnswer as exc:
            log.warning("breaches_not_asked", extra={"why": str(exc)})
            if settings.PASSWORD_BREACH_FAIL == "closed":  # noqa: S105 - no password
                raise PasswordUnchecked from exc
            return
        if known:
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        """Return the rule in a sentence."""
        return "Use a password that is not known from a breach."


def is_breached(password: str) -> bool:
    """Tell whether the service knows the password. Raises NoAnswer."""
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    suffix = digest[PREFIX:]
    rows = [ROW.fullmatch(line) for line in _range(digest[:PREFIX]).split()]
    if not rows or not all(rows):
        raise NoAnswer("It did not answer with a range.")
    return any(row[1].upper() == suffix and int(row[2]) > 0 for row in rows if row)


def _range(prefix: str) -> str:
    seconds = settings.PASSWORD_BREACH_SECONDS
    deadline = time.monotonic() + seconds
    url = f"{settings.PASSWORD_BREACH_URL.rstrip('/')}/{prefix}"
    headers = {"Add-Padding": "true", "User-Agent": "aggios"}
    try:
        with urllib3.PoolManager(timeout=seconds, retries=False, headers=headers) as manager:
            answer = manager.request("GET", url, preload_content=False)
            if answer.status != 200:
                raise NoAnswer(f"It answered with status {answer.status}.")
            return _text(answer, deadline)
    except (HTTPError, OSError) as exc:
        raise NoAnswer(type(exc).__name__) from exc


def _text(answer: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """Read the body, though neither more of it nor for longer than is right."""
    body = b""
    while part := answer.read1(PART):
        body += part
        if len(body) > MOST_BYTES or time.monotonic() > deadline:
            raise NoAnswer("It said too much, or took too long.")
    return body.decode("ascii", "replace")
