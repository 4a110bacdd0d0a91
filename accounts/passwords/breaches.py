"""Check of new passwords against known breaches, by k-anonymity: five digits of the SHA-1 are sent.

Uses the range API of Pwned Passwords (haveibeenpwned.com/API/v3#PwnedPasswords) or a mirror of it.
It returns every known hash with that prefix. ``Add-Padding`` adds rows with a count of 0, so that
the length of the response tells nothing either.
"""

import hashlib
import logging
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from functools import cache

import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from urllib3.exceptions import HTTPError

from accounts.problems import PasswordUnchecked
from core.crypto.passwords import normalize_password

log = logging.getLogger(__name__)
PREFIX_LENGTH = 5
ROW_PATTERN = re.compile(r"([0-9A-F]{35}):([0-9]+)", re.IGNORECASE)
# The longest ranges have about 2 000 rows of 40 bytes; padding fills to 1 000.
MAX_RESPONSE_BYTES = 1024 * 1024
CHUNK_BYTES = 16 * 1024
PAUSE_SECONDS = 60
THREADS = 2


class BreachServiceUnavailable(Exception):  # noqa: N818 - reads as what it says
    """The service does not respond, is too slow, or returns something else than a range."""


class BreachedPasswordValidator:
    """Refuses passwords from known breaches (NIST SP 800-63B-4, 3.1.1.2), if configured.

    ``PASSWORD_BREACH_FAIL`` decides what happens while the service is unavailable. ``open`` accepts
    the password and sends no request for a minute, so an installation without network waits once.
    ``closed`` raises PasswordUnchecked. Only new passwords are checked, never a log-in.
    """

    def validate(self, password: str, user: object = None) -> None:
        """Raise ValidationError for a breached password. Also raises: PasswordUnchecked."""
        if not settings.PASSWORD_BREACH_URL:
            return
        fails_open = settings.PASSWORD_BREACH_FAIL == "open"  # noqa: S105 - no password
        if fails_open and service_pause.is_on():
            return
        try:
            known = is_breached(normalize_password(password))
        except BreachServiceUnavailable as exc:
            service_pause.begin()
            log.warning("breach_check_unavailable", extra={"why": str(exc), "taken": fails_open})
            if not fails_open:
                raise PasswordUnchecked from exc
            return
        if known:
            raise ValidationError(self.get_help_text(), code="password_breached")

    def get_help_text(self) -> str:
        """Return the rule as a sentence."""
        return gettext("Use a password that is not known from a breach.")


class _Pause:
    """The time in which this process sends no request, after the service was unavailable."""

    def __init__(self) -> None:
        self._ends_at = 0.0

    def begin(self) -> None:
        self._ends_at = time.monotonic() + PAUSE_SECONDS

    def end(self) -> None:
        self._ends_at = 0.0

    def is_on(self) -> bool:
        return time.monotonic() < self._ends_at


service_pause = _Pause()


def is_breached(password: str) -> bool:
    """Return whether the service knows the password. Raises: BreachServiceUnavailable."""
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    suffix = digest[PREFIX_LENGTH:]
    rows = [
        ROW_PATTERN.fullmatch(line)
        for line in _fetch_range_with_timeout(digest[:PREFIX_LENGTH]).split()
    ]
    if not rows or not all(rows):
        raise BreachServiceUnavailable("It did not answer with a range.")
    return any(row[1].upper() == suffix and int(row[2]) > 0 for row in rows if row)


def _fetch_range_with_timeout(prefix: str) -> str:
    """Return a range in bounded time: a DNS lookup has no timeout of its own."""
    work = _executor().submit(_fetch_range, prefix)
    try:
        return work.result(settings.PASSWORD_BREACH_SECONDS + 1)
    except TookTooLong:
        work.cancel()
        raise BreachServiceUnavailable("Its name was not found in time.") from None


@cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, "breaches")


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=_executor.cache_clear)


def _fetch_range(prefix: str) -> str:
    seconds = settings.PASSWORD_BREACH_SECONDS
    deadline = time.monotonic() + seconds
    url = f"{settings.PASSWORD_BREACH_URL.rstrip('/')}/{prefix}"
    headers = {"Add-Padding": "true", "User-Agent": "aggios"}
    try:
        with urllib3.PoolManager(timeout=seconds, retries=False, headers=headers) as manager:
            response = manager.request("GET", url, preload_content=False)
            if response.status != 200:
                raise BreachServiceUnavailable(f"It answered with status {response.status}.")
            return _read_body(response, deadline)
    except (HTTPError, OSError) as exc:
        raise BreachServiceUnavailable(type(exc).__name__) from exc


def _read_body(response: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """Read the body with a limit of size and time."""
    body = b""
    while part := response.read1(CHUNK_BYTES):
        body += part
        if len(body) > MAX_RESPONSE_BYTES or time.monotonic() > deadline:
            raise BreachServiceUnavailable("It said too much, or took too long.")
    return body.decode("ascii", "replace")
