"""The request that is being served: its id, client address, caller and tenant.

Logs, audit events, rate limits and errors read them. A client can write anything into
``X-Forwarded-For``. Each trusted proxy appends the address of its peer, so with N trusted proxies
the N-th entry from the right is the client.
"""

import ipaddress
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network

from django.conf import settings
from django.http import HttpRequest
from uuid6 import uuid7

API_VERSION = "v1"
# What proxies and tracing systems send: UUIDs, ULIDs, hex, a few separators.
REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._:-]{8,128}")


@dataclass(slots=True)
class RequestContext:
    """Facts of one request. ``tenant`` is a slug; ``user`` and ``api_key`` are ids.

    Each is empty until it is known. ``accept_language`` is the header field of that name.
    """

    request_id: str = ""
    client_address: str = ""
    user_agent: str = ""
    accept_language: str = ""
    tenant: str = ""
    user: str = ""
    api_key: str = ""
    proved_at: datetime | None = None
    """When the session last proved its user's identity; None for every other caller."""

    route: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers that inner layers set and the outermost middleware adds."""


_current: ContextVar[RequestContext | None] = ContextVar("aggios_request", default=None)


def request_context() -> RequestContext:
    """Return the context of the current request; an empty one outside of requests."""
    return _current.get() or RequestContext()


@contextmanager
def use_request_context(context: RequestContext) -> Iterator[RequestContext]:
    """Make ``context`` the current one inside the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def request_id_or_new(given: str) -> str:
    """Return the id that the client sent if it is well formed, otherwise a new one."""
    return given if REQUEST_ID_PATTERN.fullmatch(given) else str(uuid7())


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address in canonical form; the peer's if no proxy is trusted."""
    peer = request.META.get("REMOTE_ADDR", "")
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if not trusted:
        return _canonical(peer)
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    candidate = hops[-trusted] if len(hops) >= trusted else ""
    return _canonical(candidate) or _canonical(peer)


def is_in_networks(address: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an address is in a network; an unknown address is only in a /0 network."""
    if not address:
        return any(not network.prefixlen for network in networks)
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)


def limit_key(address: str) -> str:
    """Return the key that rate limits use for an address: IPv4 as it is, IPv6 by its /64.

    A site gets at least a /64 (RFC 6177 section 2), so a client can change its IPv6 address freely.
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def _canonical(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""
