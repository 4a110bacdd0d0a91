"""The only way into a tenant: a block that is always left."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from core.db_backend.scope import use_scope
from core.request_context import request_context
from tenants.refs import TenantRef

_current: ContextVar[TenantRef | None] = ContextVar("aggios_tenant", default=None)


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
