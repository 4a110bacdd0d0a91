"""Look-up of the tenant for a host name or an id, with a cache that is never stale after a change.

``BASE_DOMAIN`` and its fixed subdomains are sites of the platform. Any other single label below it
is a tenant's subdomain. All other names may be custom domains.

Each process caches the tenants of its requests. An entry is valid while Redis holds the same random
stamp under the entry's name. A change of a tenant deletes its stamps after the commit, so every
process reads the database at its next request. The stamp is read before the database: a read that
races with a change stores a stamp that is deleted already. Without Redis every request reads the
database. Entries from before a reconnect to Redis are ignored, since a deletion may have failed
while Redis was away. Entries also expire after ``ENTRY_SECONDS``, because a process may die between
its commit and the deletion of the stamps.
"""

import logging
import re
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from core.db_backend.scope import PUBLIC, use_scope
from core.redis_connections import connections_made
from tenants.context import TenantRef, ref_of
from tenants.models import Domain, Tenant

ENTRY_SECONDS = 30.0
STAMP_SECONDS = 3600
UNKNOWN_SECONDS = 30
MAX_ENTRIES = 10_000
CENTRAL_HOSTS = {"": "apex", "www": "apex", "api": "api", "dash": "dash", "admin": "admin"}
HOST_NAME_PATTERN = re.compile(r"(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)*")
HOST_HEADER_PATTERN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]]*)(?::[0-9]*)?")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """A site. ``kind`` is apex, api, dash, admin or tenant; ``name`` is a ``Domain.domain``."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    stamp: bytes
    connections: int
    tenant: TenantRef | None
    until: float


_entries: dict[str, _Entry] = {}


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


def tenant_host(slug: str) -> str:
    """Return the host name of a tenant's subdomain."""
    return f"{slug}.{settings.BASE_DOMAIN}"


def site_url(name: str = "") -> str:
    """Return the URL of a site without a trailing slash, e.g. ``site_url("acme")``."""
    host = tenant_host(name) if name else settings.BASE_DOMAIN
    return f"{settings.PUBLIC_SCHEME}://{host}{settings.PORT_IN_LINKS}"


def tenant_for_host(name: str) -> TenantRef | None:
    """Return the tenant whose subdomain or verified custom domain is ``name``, or None.

    A former name counts until the end of its redirect.
    """
    tenant = _cached(f"host:{name}", lambda: _by_name(name))
    until = tenant.redirect_ends_at(name) if tenant else None
    return None if until and until <= timezone.now() else tenant


def tenant_for_id(tenant_id: uuid.UUID) -> TenantRef | None:
    """Return the tenant with this id, or None."""
    return _cached(f"id:{tenant_id.hex}", lambda: _by_id(tenant_id))


def invalidate_route(tenant: Tenant, *, also: tuple[str, ...] = ()) -> None:
    """Make every process reload this tenant after the commit of the current transaction.

    ``also`` are names that the tenant had before the change.
    """
    names = [d.domain for d in Domain.objects.filter(tenant=tenant)] + list(also)
    keys = [f"id:{tenant.id.hex}", *(f"host:{name}" for name in names)]
    transaction.on_commit(lambda: _delete_stamps(keys))


def _host_name(host: str) -> str:
    """Return the host name, or "" if the header is malformed (RFC 9110 section 7.2)."""
    parts = HOST_HEADER_PATTERN.fullmatch(host)
    # One trailing dot stands for the root (RFC 1034 section 3.1); two make the name invalid.
    return parts[1].lower().removesuffix(".") if parts else ""


def _cached(key: str, read: Callable[[], TenantRef | None]) -> TenantRef | None:
    stamp = _stamp(key)
    if stamp is None:
        return read()
    entry, now, connections = _entries.get(key), time.monotonic(), connections_made()
    known = (stamp, connections)
    if entry is not None and (entry.stamp, entry.connections) == known and now < entry.until:
        return entry.tenant
    tenant = read()
    if tenant is None:
        _expire_soon(key)
    if len(_entries) >= MAX_ENTRIES:
        _entries.clear()
    _entries[key] = _Entry(stamp, connections, tenant, now + ENTRY_SECONDS)
    return tenant


def _stamp(key: str) -> bytes | None:
    """Return the shared stamp of a key, created if missing; None without Redis."""
    try:
        redis = get_redis_connection("default")
        found = redis.get(f"aggios:route:{key}")
        if found is not None:
            return bytes(found)
        fresh = secrets.token_bytes(8)
        made = redis.set(f"aggios:route:{key}", fresh, nx=True, ex=STAMP_SECONDS, get=True)
        return bytes(made) if made is not None else fresh
    except RedisError:
        return None


def _expire_soon(key: str) -> None:
    """Let the stamp of an unknown name expire soon, so that unknown names cannot fill Redis."""
    with suppress(RedisError):  # otherwise the stamp has its normal expiry
        get_redis_connection("default").expire(f"aggios:route:{key}", UNKNOWN_SECONDS)


def _delete_stamps(keys: list[str]) -> None:
    for key in keys:
        _entries.pop(key, None)
    try:
        get_redis_connection("default").delete(*(f"aggios:route:{key}" for key in keys))
    except RedisError:
        log.warning("route_cache_not_invalidated", extra={"keys": keys})


def _by_name(name: str) -> TenantRef | None:
    usable = Q(kind=Domain.Kind.SUBDOMAIN) | Q(verified_at__isnull=False)
    return _read(Tenant.objects.filter(domains__in=Domain.objects.filter(usable, domain=name)))


def _by_id(tenant_id: uuid.UUID) -> TenantRef | None:
    return _read(Tenant.objects.filter(id=tenant_id))


def _read(found: QuerySet[Tenant]) -> TenantRef | None:
    with use_scope(PUBLIC):
        tenant = found.prefetch_related("domains").first()
        return ref_of(tenant) if tenant else None
