"""Where passwords are hashed: a few at once, behind all other work, and no endless queue.

A hash takes a core for tens of milliseconds, by intention. So many log-ins at once would take every
core and every thread of the server. Here they get threads of their own, which stand back when
anything else wants the core, and a bounded number of places: whoever finds none is told to come
again. argon2-cffi releases the interpreter's lock meanwhile.
"""

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from contextlib import suppress
from functools import cache
from typing import ParamSpec, TypeVar

from django.conf import settings

from accounts.problems import HashingBusy

P = ParamSpec("P")
T = TypeVar("T")


class PasswordHashPool:
    """Hashes ``at_once`` passwords; others wait, while there are ``places`` for all of them."""

    def __init__(self, *, at_once: int, places: int, patience: float) -> None:
        self._threads = ThreadPoolExecutor(at_once, "hashing", initializer=_lower_priority)
        self._places = threading.BoundedSemaphore(places)
        self._patience = patience

    def do(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return ``act(…)``. Raises HashingBusy when no place is free, or the wait is too long."""
        if not self._places.acquire(blocking=False):
            raise HashingBusy
        work = self._threads.submit(act, *args, **kwargs)
        # Not when the wait ends: what runs on after that still has the place.
        work.add_done_callback(lambda _: self._places.release())
        try:
            return work.result(self._patience)
        except TookTooLong:
            work.cancel()
            raise HashingBusy from None

    def require_place(self) -> None:
        """Raise HashingBusy when no place is free at this moment, before anything is looked up."""
        if not self._places.acquire(blocking=False):
            raise HashingBusy
        self._places.release()


def _lower_priority() -> None:
    """Lower this thread's priority; Linux has one for each thread (setpriority(2), "C library")."""
    if sys.platform == "linux":
        with suppress(OSError):
            thread = threading.get_native_id()
            usual = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, usual + settings.HASHING_NICE)


@cache
def hash_pool() -> PasswordHashPool:
    """Return this process's desk."""
    return PasswordHashPool(
        at_once=settings.HASHING_AT_ONCE,
        places=settings.HASHING_PLACES,
        patience=settings.HASHING_PATIENCE,
    )


# A forked process has none of its parent's threads.
os.register_at_fork(after_in_child=hash_pool.cache_clear)
