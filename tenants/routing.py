"""Host name or tenant id → tenant, from a cache that never outlives a change.

Each process keeps the tenants it met. An entry is good while Redis still holds the same random
stamp under the entry's name: whoever changes a tenant deletes the stamps after commit, and every
process reads the database again at its next request. The stamp is taken before the database is
read, so a read that raced with a change stores a stamp that is gone already. Without Redis each
request reads the database; entries from before a new connection to it are not believed, for a
deletion may have failed meanwhile. Entries also end by themselves after ``ENTRY_SECONDS`` seconds,
for the case that a process died between its commit and the deletion.
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
    """Return the tenant whose label or verified custom domain is ``name``, or None.

    A label that it has left counts until its redirect ends, to the second.
    """
    tenant = _cached(f"host:{name}", lambda: _by_name(name))
    until = tenant.left(name) if tenant else None
    return None if until and until <= timezone.now() else tenant


def tenant_for_id(tenant_id: uuid.UUID) -> TenantRef | None:
    """Return the tenant with this id, or None."""
    return _cached(f"id:{tenant_id.hex}", lambda: _by_id(tenant_id))


def invalidate_route(tenant: Tenant, *, also: tuple[str, ...] = ()) -> None:
    """Make every process read this tenant anew, once the current transaction has committed.

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
    """Return the shared stamp of a key, made if there is none; None without Redis."""
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
    """Names that nobody has must not fill Redis, however many are asked for."""
    with suppress(RedisError):  # the stamp then goes with its own expiry
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
