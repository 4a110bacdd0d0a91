"""Which site a host name belongs to.

``BASE_DOMAIN`` and its fixed names are central; one more label in front is a tenant's subdomain;
everything else may be a custom domain. Nothing here touches the database.
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
    """``kind`` is apex, api, dash, admin or tenant; ``name`` is what ``Domain.domain`` holds."""

    kind: str
    name: str = ""


def site_for_host(host: str) -> Site:
    """Return the site that a ``Host`` header names (a port and case are ignored)."""
    name = _host_name(host)
    if name in LOOPBACK_HOSTS or name == settings.BASE_DOMAIN:
        return Site("apex")
    if not HOST_NAME_PATTERN.fullmatch(name):
        return Site("tenant")
    label, dot, rest = name.partition(".")
    if dot and rest == settings.BASE_DOMAIN:
        return Site(CENTRAL_HOSTS[label]) if label in CENTRAL_HOSTS else Site("tenant", label)
    # A bare label is how ``Domain`` names a subdomain; as a host name it is nobody's.
    return Site("tenant", name if dot else "")


def is_platform_host(host: str) -> bool:
    """Tell whether a ``Host`` header names the platform's domain or a name below it."""
    name = _host_name(host)
    return name in LOOPBACK_HOSTS or f".{name}".endswith(f".{settings.BASE_DOMAIN}")


def _host_name(host: str) -> str:
    """Return the name, or an empty string for what is no ``Host`` (RFC 9110 section 7.2)."""
    parts = HOST_HEADER_PATTERN.fullmatch(host)
    # One dot at the end is the root's (RFC 1034 section 3.1); with two it is no name.
    return parts[1].lower().removesuffix(".") if parts else ""


def tenant_host(slug: str) -> str:
    """Return the host name of a tenant's subdomain."""
    return f"{slug}.{settings.BASE_DOMAIN}"


def site_url(name: str = "") -> str:
    """Return the address of a site of ours, e.g. ``site_url("acme")``; no trailing slash."""
    host = tenant_host(name) if name else settings.BASE_DOMAIN
    return f"{settings.PUBLIC_SCHEME}://{host}{settings.PORT_IN_LINKS}"
