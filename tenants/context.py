"""The only way into a tenant: a block that is always left."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import cast

from django.http import HttpResponseBase, StreamingHttpResponse

from core.db_backend.scope import use_scope
from core.request_context import request_context
from core.text.composite_keys import bounded_part
from tenants.refs import TenantRef

_current: ContextVar[TenantRef | None] = ContextVar("aggios_tenant", default=None)


PUBLIC_KEY_PART = "public"


class NoTenant(RuntimeError):  # noqa: N818 - reads as what it says
    """Code that needs a tenant ran outside of one."""


@contextmanager
def tenant_context(tenant: TenantRef) -> Iterator[TenantRef]:
    """Run the block inside ``tenant``: its schema, its role, its name in the logs."""
    token = _current.set(tenant)
    context = request_context()
    before = context.tenant
    context.tenant = tenant.slug
    try:
        with use_scope(tenant.scope):
            yield tenant
    finally:
        _current.reset(token)
        # The edge writes its log line after the tenant was left; it keeps the last one.
        context.tenant = before or context.tenant


def current_tenant() -> TenantRef:
    """Return the tenant that the code runs in. Raises NoTenant outside of one."""
    tenant = _current.get()
    if tenant is None:
        raise NoTenant("No tenant has been entered.")
    return tenant


def current_tenant_or_none() -> TenantRef | None:
    """Return the tenant that the code runs in, or None in the public scope."""
    return _current.get()


# Answers that are still being made while the server sends them, when the middleware has returned.
#
# What such an answer reads must be read in its tenant. Outside of it the audit record, which has a
# table in ``public`` too, would answer with the platform's rows.
def bind_stream(response: HttpResponseBase, tenant: TenantRef) -> None:
    """Have each part of a streaming response made inside ``tenant``; change no other response."""
    if isinstance(response, StreamingHttpResponse):
        parts = cast("Iterable[bytes]", response.streaming_content)  # nothing of ours is async
        response.streaming_content = _iterate_in_tenant(tenant, parts)


def _iterate_in_tenant(tenant: TenantRef, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Enter the tenant for each part and leave it before handing that over.

    Between two parts the thread's code is the server's, which must not be in a tenant.
    """
    following = iter(parts)
    while True:
        with tenant_context(tenant):
            part = next(following, None)
        if part is None:
            return
        yield part


# The tenant in every cache key, so that what one tenant caches no other can find.


def tenant_cache_key(key: str, prefix: str, version: int) -> str:
    """Return the key as the store knows it (``CACHES["default"]["KEY_FUNCTION"]``).

    Outside of a tenant, as for staff's sessions, it says ``public`` in the tenant's place. Only the
    last part may be chosen by a client, so the parts cannot be confused.
    """
    tenant = current_tenant_or_none()
    return f"{prefix}:{tenant.id.hex if tenant else PUBLIC_KEY_PART}:{version}:{bounded_part(key)}"
