"""The client's address, counted from the proxies that are ours.

The leftmost entry of ``X-Forwarded-For`` is whatever the client wrote there. Each trusted proxy
appends the address it saw, so with N proxies the N-th entry from the right is the client.
"""

import ipaddress
from ipaddress import IPv4Network, IPv6Network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the client's IP address in canonical form; the peer's when no proxy is trusted."""
    peer = request.META.get("REMOTE_ADDR", "")
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if not trusted:
        return _canonical(peer)
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    candidate = hops[-trusted] if len(hops) >= trusted else ""
    return _canonical(candidate) or _canonical(peer)


def is_in_networks(address: str, networks: list[IPv4Network | IPv6Network]) -> bool:
    """Tell whether an address is in one of the networks; an unknown one is in those of all."""
    if not address:
        return any(not network.prefixlen for network in networks)
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return any((mapped or parsed) in network for network in networks)


def limit_key(address: str) -> str:
    """Return what limits count an address as: IPv6 by its /64, which is what one line is given.

    RFC 6177 section 2: a site gets at least a /64, so single IPv6 addresses cost nothing.
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
