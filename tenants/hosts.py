"""Mapping of host names to sites, without database access.

``BASE_DOMAIN`` and its fixed subdomains are sites of the platform. Any other single label below it
is a tenant's subdomain. All other names may be custom domains.
"""

import re
from dataclasses import dataclass

from django.conf import settings

CENTRAL_HOSTS = {"": "apex", "www": "apex", "api": "api", "dash": "dash", "admin": "admin"}
HOST_NAME_PATTERN = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*")
HOST_HEADER_PATTERN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::[0-9]*)?")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Site:
    """A site. ``kind`` is apex, api, dash, admin or tenant; ``name`` is a ``Domain.domain``."""

    kind: str
    name: str = ""


def site_for_host(host: str) -> Site:
    """Return the site of a ``Host`` header. The port and the case are ignored."""
    name = _host_name(host)
    if name in LOOPBACK_HOSTS or name == settings.BASE_DOMAIN:
        return Site("apex")
    if not HOST_NAME_PATTERN.fullmatch(name):
        return Site("tenant")
    label, dot, rest = name.partition(".")
    if dot and rest == settings.BASE_DOMAIN:
        return Site(CENTRAL_HOSTS[label]) if label in CENTRAL_HOSTS else Site("tenant", label)
    # ``Domain`` stores a subdomain as a bare label; as a host name a bare label is unknown.
    return Site("tenant", name if dot else "")


def is_platform_host(host: str) -> bool:
    """Return whether a ``Host`` header names the platform's domain or a subdomain of it."""
    name = _host_name(host)
    return name in LOOPBACK_HOSTS or f".{name}".endswith(f".{settings.BASE_DOMAIN}")


def _host_name(host: str) -> str:
    """Return the host name, or "" if the header is malformed (RFC 9110 section 7.2)."""
    parts = HOST_HEADER_PATTERN.fullmatch(host)
    # One trailing dot stands for the root (RFC 1034 section 3.1); two make the name invalid.
    return parts[1].lower().removesuffix(".") if parts else ""


def tenant_host(slug: str) -> str:
    """Return the host name of a tenant's subdomain."""
    return f"{slug}.{settings.BASE_DOMAIN}"


def site_url(name: str = "") -> str:
    """Return the URL of a site without a trailing slash, e.g. ``site_url("acme")``."""
    host = tenant_host(name) if name else settings.BASE_DOMAIN
    return f"{settings.PUBLIC_SCHEME}://{host}{settings.PORT_IN_LINKS}"
