"""The client's IP address behind trusted proxies.

A client can write anything into ``X-Forwarded-For``. Each trusted proxy appends the address of its
peer, so with N trusted proxies the N-th entry from the right is the client.
"""

import ipaddress
from ipaddress import IPv4Network, IPv6Network

from django.conf import settings
from django.http import HttpRequest


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
