"""Argon2id with a pepper that can be rotated, in a bounded pool of low-priority threads.

The password is first keyed with a secret that is not in the database (HMAC-SHA256), then hashed
with Argon2id. A stolen table alone cannot be attacked by guessing. The stored text names the
version of the pepper, so old and new hashes can coexist until the next log-in of each user.
Parameters and the HMAC construction: OWASP Password Storage Cheat Sheet (m=19 MiB, t=2, p=1 are the
settings' defaults; "Peppering").

By design a hash takes a core for tens of milliseconds. Many log-ins at once would occupy every core
and every thread of the server. So hashing has its own threads, with a lower priority than all other
work, and a bounded queue. argon2-cffi releases the GIL during a hash.
"""

import hashlib
import hmac
import os
import sys
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from functools import cache
from typing import Any, ParamSpec, TypeVar

import argon2
from django.conf import settings
from django.contrib.auth.hashers import BasePasswordHasher
from django.utils.translation import gettext_noop as _

from accounts.problems import HashingBusy
from core.crypto.encryption import parse_peppers
from core.crypto.passwords import normalize_password

MIN_MEMORY_KIB = 8  # KiB, RFC 9106 section 3.1
ARGON2 = argon2.PasswordHasher(
    time_cost=settings.ARGON2_TIME_COST, memory_cost=settings.ARGON2_MEMORY_COST, parallelism=1
)
P = ParamSpec("P")
T = TypeVar("T")


def _peppers() -> dict[str, bytes]:
    return parse_peppers(settings.PASSWORD_PEPPERS)


def _current_version() -> str:
    return next(iter(_peppers()))


def _peppered(password: str, version: str) -> bytes:
    digest = hmac.new(_peppers()[version], password.encode(), hashlib.sha256).digest()
    # Argon2 takes any bytes; base64 keeps NUL out of libraries that do not.
    return b64encode(digest)


class PepperedArgon2(BasePasswordHasher):
    """Encodes as ``argon2p$<pepper version>$argon2id$v=19$m=…$salt$hash``."""

    algorithm = "argon2p"
    library = "argon2"

    def salt(self) -> str:
        """Return "": Argon2 generates the salt, 16 bytes per password."""
        return ""

    def encode(self, password: str, salt: str) -> str:
        """Return the stored text for a password, which is normalised (core/crypto/passwords.py)."""
        version = _current_version()
        keyed = _peppered(normalize_password(password), version)
        return f"{self.algorithm}${version}{hash_pool().run(ARGON2.hash, keyed)}"

    def verify(self, password: str, encoded: str) -> bool:
        """Return whether the password matches; False if its pepper was removed, in the same time.

        Raises: HashingBusy.
        """
        _, version, inner = encoded.split("$", 2)
        known = version in _peppers()
        keyed = _peppered(password, version if known else _current_version())
        try:
            return hash_pool().run(ARGON2.verify, "$" + inner, keyed) and known
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def must_update(self, encoded: str) -> bool:
        """Return whether the parameters or the pepper have changed since this was encoded."""
        _, version, inner = encoded.split("$", 2)
        return version != _current_version() or ARGON2.check_needs_rehash("$" + inner)

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Do the work that an older, cheaper hash has saved, so that the time does not show it.

        Argon2's work grows with memory times passes (RFC 9106 section 4).
        """
        inner = encoded.split("$", 2)[2]
        spent = argon2.extract_parameters("$" + inner)
        owed = ARGON2.memory_cost * ARGON2.time_cost - spent.memory_cost * spent.time_cost
        if owed > MIN_MEMORY_KIB:
            filler = argon2.PasswordHasher(time_cost=1, memory_cost=owed, parallelism=1)
            with suppress(HashingBusy):
                hash_pool().run(filler.hash, password)

    def decode(self, encoded: str) -> dict[str, Any]:
        """Return the parts of a stored text."""
        algorithm, version, variety, _version, parameters, salt, hashed = encoded.split("$")
        return {
            "algorithm": algorithm,
            "pepper": version,
            "variety": variety,
            "parameters": parameters,
            "salt": salt,
            "hash": hashed,
        }

    def safe_summary(self, encoded: str) -> Any:
        """Return the parts that the admin may show of a stored password."""
        parts = self.decode(encoded)
        return {
            _("algorithm"): parts["algorithm"],
            _("variety"): parts["variety"],
            _("pepper"): parts["pepper"],
            _("parameters"): parts["parameters"],
        }


class PasswordHashPool:
    """Hashes ``concurrency`` passwords at a time; ``capacity`` calls may run or wait."""

    def __init__(self, *, concurrency: int, capacity: int, timeout: float) -> None:
        self._threads = ThreadPoolExecutor(concurrency, "hashing", initializer=_lower_priority)
        self._capacity = threading.BoundedSemaphore(capacity)
        self._timeout = timeout

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``function(…)``. Raises: HashingBusy without capacity, or after the timeout."""
        if not self._capacity.acquire(blocking=False):
            raise HashingBusy
        work = self._threads.submit(function, *args, **kwargs)
        # Not at the timeout: work that still runs then keeps its capacity.
        work.add_done_callback(lambda _: self._capacity.release())
        try:
            return work.result(self._timeout)
        except FutureTimeout:
            work.cancel()
            raise HashingBusy from None

    def require_capacity(self) -> None:
        """Check for free capacity before any other work. Raises: HashingBusy."""
        if not self._capacity.acquire(blocking=False):
            raise HashingBusy
        self._capacity.release()


def _lower_priority() -> None:
    """Lower this thread's priority. Linux has one per thread (setpriority(2), "C library")."""
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            usual = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, usual + settings.PASSWORD_HASH_NICE)


@cache
def hash_pool() -> PasswordHashPool:
    """Return the pool of this process."""
    return PasswordHashPool(
        concurrency=settings.PASSWORD_HASH_CONCURRENCY,
        capacity=settings.PASSWORD_HASH_QUEUE_SIZE,
        timeout=settings.PASSWORD_HASH_TIMEOUT,
    )


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=hash_pool.cache_clear)
