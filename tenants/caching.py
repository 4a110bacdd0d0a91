"""The tenant in every cache key, so that what one tenant caches no other can find."""

from core.text.composite_keys import bounded_part
from tenants.context import current_tenant_or_none

PUBLIC_KEY_PART = "public"


def tenant_cache_key(key: str, prefix: str, version: int) -> str:
    """Return the key as the store knows it (``CACHES["default"]["KEY_FUNCTION"]``).

    Outside of a tenant, as for staff's sessions, it says ``public`` in the tenant's place. Only the
    last part may be chosen by a client, so the parts cannot be confused.
    """
    tenant = current_tenant_or_none()
    return f"{prefix}:{tenant.id.hex if tenant else PUBLIC_KEY_PART}:{version}:{bounded_part(key)}"
