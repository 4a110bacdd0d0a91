"""The DNS record that proves the ownership of a custom domain, and its look-up.

It is a TXT record beside the domain, as in ACME (RFC 8555 section 8.4). It can be set before the
domain points to the platform, and only the owner of the zone can set it. A CNAME is followed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from django.conf import settings

from core.problems import RateLimited
from core.text.translation import translatable
from tenants.models import Domain

if TYPE_CHECKING:
    from dns.resolver import Resolver


class CheckResult(StrEnum):
    """The result of a check, stored in ``Domain.check_result``."""

    FOUND = "found"
    NOT_FOUND = "not_found"  # the name has no such record
    WRONG_VALUE = "wrong_value"  # the record is for another claim
    NXDOMAIN = "nxdomain"  # the name does not exist
    SERVFAIL = "servfail"  # the name servers refuse or fail
    TIMEOUT = "timeout"
    TAKEN = "taken"  # found, but another tenant has verified the domain
    WITHDRAWN = "withdrawn"  # staff withdrew the verification; a new record is needed


CHALLENGE_LABEL = "_aggios-challenge"
VALUE_PREFIX = "aggios-verification="
LOOKUP_TIMEOUT = 5.0  # seconds for the whole look-up
SERVER_TIMEOUT = 2.0  # seconds per server
EDNS_PAYLOAD = 1232  # octets: the largest datagram without fragmentation (dnsflagday.net/2020)
MAX_CONCURRENT_LOOKUPS = 2
LOOKUP_SLOTS = BoundedSemaphore(MAX_CONCURRENT_LOOKUPS)


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """The DNS record that the owner of a domain sets."""

    name: str
    value: str
    type: str = "TXT"


def new_proof_token() -> str:
    """Return a new token for a claim's record: 160 random bits in lower-case hexadecimal."""
    return secrets.token_hex(20)


def proof_record(domain: Domain) -> ProofRecord:
    """Return the record that proves this claim."""
    return ProofRecord(f"{CHALLENGE_LABEL}.{domain.domain}", f"{VALUE_PREFIX}{domain.proof_token}")


@contextmanager
def lookup_slot() -> Iterator[None]:
    """Hold one of this process's look-up slots for the block.

    A look-up may block its thread for ``LOOKUP_TIMEOUT`` seconds. Without a limit, a few domains
    with slow name servers could occupy all threads of a process.

    Raises: RateLimited at once if all slots are in use.
    """
    if not LOOKUP_SLOTS.acquire(blocking=False):
        after = str(round(LOOKUP_TIMEOUT))
        detail = translatable(
            "Other domains are being looked up. Try again in %(count)s seconds.", count=int(after)
        )
        raise RateLimited(detail, headers={"Retry-After": after})
    try:
        yield
    finally:
        LOOKUP_SLOTS.release()


def look_up_proof(domain: str, token: str) -> CheckResult:
    """Look up the record of a claim in at most ``LOOKUP_TIMEOUT`` seconds. Raises nothing."""
    # dnspython is slow to import, and only look-ups need it.
    from dns.exception import DNSException  # noqa: PLC0415
    from dns.name import from_text  # noqa: PLC0415
    from dns.rdatatype import TXT  # noqa: PLC0415
    from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer  # noqa: PLC0415

    name = from_text(f"{CHALLENGE_LABEL}.{domain}.")
    try:
        answer = _resolver().resolve(name, TXT, lifetime=LOOKUP_TIMEOUT, search=False)
    except NXDOMAIN:
        return CheckResult.NXDOMAIN
    except NoAnswer:
        return CheckResult.NOT_FOUND
    except LifetimeTimeout:
        return CheckResult.TIMEOUT
    except DNSException:
        return CheckResult.SERVFAIL
    # A TXT record is one or more strings, to be joined (RFC 1035 section 3.3.14).
    return _compare({_decoded(b"".join(record.strings)) for record in answer}, token)


def _decoded(value: bytes) -> str:
    # Some DNS providers store quotation marks that were pasted with the value.
    return value.decode("ascii", "replace").strip().strip('"').lower()


def _compare(values: set[str], token: str) -> CheckResult:
    if token and f"{VALUE_PREFIX}{token}" in values:
        return CheckResult.FOUND
    is_ours = any(value.startswith(VALUE_PREFIX) for value in values)
    return CheckResult.WRONG_VALUE if is_ours else CheckResult.NOT_FOUND


def _resolver() -> "Resolver":
    """Return a resolver without a cache, for ``DNS_RESOLVERS`` or the system's servers."""
    from dns.nameserver import Do53Nameserver  # noqa: PLC0415
    from dns.resolver import Resolver  # noqa: PLC0415

    servers = [Do53Nameserver(host, port) for host, port in settings.DNS_RESOLVERS]
    resolver = Resolver(configure=not servers)
    if servers:
        resolver.nameservers = servers
    resolver.timeout = SERVER_TIMEOUT
    resolver.use_edns(0, 0, EDNS_PAYLOAD)
    return resolver
