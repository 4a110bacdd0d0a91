"""What Redis holds of a tenant: route stamps, counts of limits, whatever else bears its id."""

import logging

from django_redis import get_redis_connection
from redis.exceptions import RedisError

from tenants.models import Tenant

log = logging.getLogger(__name__)


def purge_cache(tenant: Tenant) -> int | None:
    """Delete every key that bears the tenant's id or one of its names; return how many.

    None without Redis: every key of ours ends by itself.
    """
    domains = [f"aggios:route:host:{domain.domain}" for domain in tenant.domains.all()]
    try:
        redis = get_redis_connection("default")
        keys = set(domains)
        for text in (str(tenant.pk), tenant.pk.hex, tenant.schema_name):
            keys |= {key.decode() for key in redis.scan_iter(match=f"*{text}*", count=1000)}
        return int(redis.delete(*keys)) if keys else 0
    except RedisError:
        log.warning("cache_not_purged", extra={"tenant_id": str(tenant.pk)})
        return None
