"""How many look-ups that people wait for go on at once in a process.

Each may hold its thread for five seconds (``proof.LIFETIME``). With a few threads a process, people
with slow name servers could otherwise take all of them from everybody else.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from core.problems import RateLimited
from tenants.domains.dns_proof import LOOKUP_TIMEOUT

MAX_CONCURRENT_LOOKUPS = 2
LOOKUP_SLOTS = BoundedSemaphore(MAX_CONCURRENT_LOOKUPS)


@contextmanager
def lookup_slot() -> Iterator[None]:
    """Take a turn for the block. Raises RateLimited at once when all are taken."""
    if not LOOKUP_SLOTS.acquire(blocking=False):
        after = str(round(LOOKUP_TIMEOUT))
        why = f"Other domains are being looked up. Try again in {after} seconds."
        raise RateLimited(why, headers={"Retry-After": after})
    try:
        yield
    finally:
        LOOKUP_SLOTS.release()
