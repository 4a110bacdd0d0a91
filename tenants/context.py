"""The tenant context: the only way for code to run inside a tenant."""

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


class NoTenant(RuntimeError):  # noqa: N818 - as Django's DoesNotExist
    """Code that needs a tenant ran outside of one."""


@contextmanager
def tenant_context(tenant: TenantRef) -> Iterator[TenantRef]:
    """Run the block inside ``tenant``: with its schema, its role, and its name in the logs."""
    token = _current.set(tenant)
    context = request_context()
    before = context.tenant
    context.tenant = tenant.slug
    try:
        with use_scope(tenant.scope):
            yield tenant
    finally:
        _current.reset(token)
        # The outermost middleware writes its log line later, so the last name is kept.
        context.tenant = before or context.tenant


def current_tenant() -> TenantRef:
    """Return the current tenant.

    Raises: NoTenant.
    """
    tenant = _current.get()
    if tenant is None:
        raise NoTenant("No tenant has been entered.")
    return tenant


def current_tenant_or_none() -> TenantRef | None:
    """Return the current tenant, or None in the public scope."""
    return _current.get()


def bind_stream(response: HttpResponseBase, tenant: TenantRef) -> None:
    """Run a streaming response inside its tenant; leave other responses unchanged.

    The middleware has already exited when the server iterates the response. Without the tenant,
    a query for audit events would return the platform's rows, since ``public`` has that table too.
    """
    if isinstance(response, StreamingHttpResponse):
        parts = cast("Iterable[bytes]", response.streaming_content)  # nothing of ours is async
        response.streaming_content = _iterate_in_tenant(tenant, parts)


def _iterate_in_tenant(tenant: TenantRef, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Enter the tenant for each chunk and leave it before yielding the chunk.

    Between two chunks the server's code runs in the thread; it must not run inside a tenant.
    """
    following = iter(parts)
    while True:
        with tenant_context(tenant):
            part = next(following, None)
        if part is None:
            return
        yield part


def tenant_cache_key(key: str, prefix: str, version: int) -> str:
    """Return the key with the tenant's id in it (``CACHES["default"]["KEY_FUNCTION"]``).

    So no tenant can find what another tenant cached. Outside of a tenant, as for sessions of staff,
    the key has ``public`` in place of the id. Clients can choose the last part only, so the parts
    are unambiguous.
    """
    tenant = current_tenant_or_none()
    return f"{prefix}:{tenant.id.hex if tenant else PUBLIC_KEY_PART}:{version}:{bounded_part(key)}"
