"""The DNS record by which a tenant proves that a domain is its own, and looking it up.

A TXT record beside the domain, as ACME has it (RFC 8555 section 8.4): it can be set before anything
points here, and only whoever holds the zone can set it. A CNAME at its name is followed.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from threading import BoundedSemaphore

import dns.exception
import dns.name
from django.conf import settings
from dns.nameserver import Do53Nameserver
from dns.rdatatype import TXT
from dns.resolver import NXDOMAIN, LifetimeTimeout, NoAnswer, Resolver

from core.problems import RateLimited
from tenants.models import Domain

CHALLENGE_LABEL = "_aggios-challenge"


VALUE_PREFIX = "aggios-verification="


LOOKUP_TIMEOUT = 5.0  # seconds for the whole look-up, whatever the servers do


SERVER_TIMEOUT = 2.0  # seconds for one server to answer


EDNS_PAYLOAD = 1232  # octets of a datagram that is not cut up on its way (dnsflagday.net/2020)


MAX_CONCURRENT_LOOKUPS = 2


LOOKUP_SLOTS = BoundedSemaphore(MAX_CONCURRENT_LOOKUPS)


class CheckResult(StrEnum):
    """What a check found; ``Domain.check_result`` holds it."""

    FOUND = "found"
    NOT_FOUND = "not_found"  # no such record at the name
    WRONG_VALUE = "wrong_value"  # a record of ours, for another claim
    NXDOMAIN = "nxdomain"  # the name does not exist
    SERVFAIL = "servfail"  # the name servers refuse or fail
    TIMEOUT = "timeout"
    TAKEN = "taken"  # found, but another tenant has proved the domain
    WITHDRAWN = "withdrawn"  # staff has stopped it; a new record is asked for


@dataclass(frozen=True, slots=True)
class ProofRecord:
    """The record that the owner of a domain sets."""

    name: str
    value: str
    type: str = "TXT"


def new_proof_token() -> str:
    """Return what makes a claim's record its own: 160 random bits in letters without case."""
    return secrets.token_hex(20)


def proof_record(domain: Domain) -> ProofRecord:
    """Return the record that proves this claim."""
    return ProofRecord(f"{CHALLENGE_LABEL}.{domain.domain}", f"{VALUE_PREFIX}{domain.proof_token}")


def look_up_proof(domain: str, token: str) -> CheckResult:
    """Ask the DNS for a claim's record, in at most ``LOOKUP_TIMEOUT`` seconds. Raises nothing."""
    name = dns.name.from_text(f"{CHALLENGE_LABEL}.{domain}.")
    try:
        answer = _resolver().resolve(name, TXT, lifetime=LOOKUP_TIMEOUT, search=False)
    except NXDOMAIN:
        return CheckResult.NXDOMAIN
    except NoAnswer:
        return CheckResult.NOT_FOUND
    except LifetimeTimeout:
        return CheckResult.TIMEOUT
    except dns.exception.DNSException:
        return CheckResult.SERVFAIL
    # A record is one or more strings, which belong together (RFC 1035 section 3.3.14).
    return _compare({_decoded(b"".join(record.strings)) for record in answer}, token)


def _decoded(value: bytes) -> str:
    # Some providers' forms store the quotation marks that people paste along.
    return value.decode("ascii", "replace").strip().strip('"').lower()


def _compare(values: set[str], token: str) -> CheckResult:
    if token and f"{VALUE_PREFIX}{token}" in values:
        return CheckResult.FOUND
    ours = any(value.startswith(VALUE_PREFIX) for value in values)
    return CheckResult.WRONG_VALUE if ours else CheckResult.NOT_FOUND


def _resolver() -> Resolver:
    """Return a resolver without a cache: the servers that are named, or the system's."""
    servers = [Do53Nameserver(host, port) for host, port in settings.DNS_RESOLVERS]
    resolver = Resolver(configure=not servers)
    if servers:
        resolver.nameservers = servers
    resolver.timeout = SERVER_TIMEOUT
    resolver.use_edns(0, 0, EDNS_PAYLOAD)
    return resolver


# How many look-ups that people wait for go on at once in a process.
#
# Each may hold its thread for five seconds (``proof.LIFETIME``). With a few threads a process,
# people with slow name servers could otherwise take all of them from everybody else.


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
