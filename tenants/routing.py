"""The route cache: from a host name or a tenant id to the tenant, never stale after a change.

Each process caches the tenants of its requests. An entry is valid while Redis holds the same random
stamp under the entry's name. A change of a tenant deletes its stamps after the commit, so every
process reads the database at its next request. The stamp is read before the database: a read that
races with a change stores a stamp that is deleted already. Without Redis every request reads the
database. Entries from before a reconnect to Redis are ignored, since a deletion may have failed
while Redis was away. Entries also expire after ``ENTRY_SECONDS``, because a process may die between
its commit and the deletion of the stamps.
"""

import logging
import secrets
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django_redis import get_redis_connection
from redis.exceptions import RedisError

from core.db_backend.scope import PUBLIC, use_scope
from core.redis_connections import connections_made
from tenants.models import Domain, Tenant
from tenants.refs import TenantRef, ref_of

ENTRY_SECONDS = 30.0
STAMP_SECONDS = 3600
UNKNOWN_SECONDS = 30
MAX_ENTRIES = 10_000
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Entry:
    stamp: bytes
    connections: int
    tenant: TenantRef | None
    until: float


_entries: dict[str, _Entry] = {}


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
    """Let the stamp of an unknown name expire soon, so that requests for such cannot fill Redis."""
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
