"""The current tenant: its reference, its limits, and the only way for code to run inside it."""

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponseBase, StreamingHttpResponse

from audit.services import Target
from core.db_backend.scope import Scope, use_scope
from core.request_context import request_context
from core.text.composite_keys import bounded_part
from tenants.models import Tenant

SettingValue = str | int | bool | tuple[str, ...] | None
UNLIMITED = 0
"""The stored value that means "no limit"."""
MAX_LIMIT = 2**63 - 1
"""The largest value of a limit: sums in the database are 64-bit integers."""
PUBLIC_KEY_PART = "public"


class NoTenant(RuntimeError):  # noqa: N818 - as Django's DoesNotExist
    """Code that needs a tenant ran outside of one."""


@dataclass(frozen=True, slots=True)
class TenantRef:
    """What routing, tokens and storage need to know of a tenant."""

    id: uuid.UUID
    slug: str
    name: str
    schema_name: str
    object_prefix: str
    status: str
    suspended_reason: str
    registration: str
    key_version: int
    maintenance: str = ""
    deletion_due_at: datetime | None = None
    settings: tuple[tuple[str, SettingValue], ...] = ()
    """Settings that the tenant's owner changes, by name; hashable, so that it can key a cache."""
    limits: tuple[tuple[str, SettingValue], ...] = ()
    """Limits that platform staff override."""
    former_names: tuple[tuple[str, datetime], ...] = ()
    """Former subdomains, each with the end of its redirect."""

    @property
    def scope(self) -> Scope:
        """The database scope of this tenant: its schema and its role."""
        return Scope(self.schema_name, role=self.schema_name, tenant_id=str(self.id))

    def redirect_ends_at(self, name: str) -> datetime | None:
        """Return the end of the redirect of a former name, or None for other names."""
        return dict(self.former_names).get(name)


@dataclass(frozen=True, slots=True)
class Limits:
    """The storage limits of one tenant. None means unlimited.

    The defaults are in the settings; staff can override them in ``Tenant.limits``. Overrides are
    loaded with the tenant of the request, so reading them needs no query.
    """

    storage_bytes: int | None
    storage_objects: int | None
    file_max_bytes: int


LIMIT_NAMES = tuple(field.name for field in fields(Limits))


_current: ContextVar[TenantRef | None] = ContextVar("aggios_tenant", default=None)


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


def tenant_cache_key(key: str, prefix: str, version: int) -> str:
    """Return the key with the tenant's id in it (``CACHES["default"]["KEY_FUNCTION"]``).

    So no tenant can find what another tenant cached. Outside of a tenant, as for sessions of staff,
    the key has ``public`` in place of the id. Clients can choose the last part only, so the parts
    are unambiguous.
    """
    tenant = current_tenant_or_none()
    return f"{prefix}:{tenant.id.hex if tenant else PUBLIC_KEY_PART}:{version}:{bounded_part(key)}"


def ref_of(tenant: Tenant) -> TenantRef:
    """Return the reference of a tenant. ``domains`` are queried unless they are prefetched."""
    return TenantRef(
        id=tenant.id,
        slug=tenant.slug,
        name=tenant.name,
        schema_name=tenant.schema_name,
        object_prefix=tenant.object_prefix,
        status=tenant.status,
        suspended_reason=tenant.suspended_reason,
        registration=tenant.registration,
        key_version=tenant.key_version,
        maintenance=tenant.maintenance,
        deletion_due_at=tenant.deletion_due_at,
        settings=frozen_settings(tenant.settings),
        limits=frozen_settings(tenant.limits),
        former_names=tuple(
            (d.domain, d.redirect_until) for d in tenant.domains.all() if d.redirect_until
        ),
    )


def frozen_settings(stored: dict[str, Any]) -> tuple[tuple[str, SettingValue], ...]:
    """Return stored settings as a hashable value."""
    return tuple(
        (name, tuple(value) if isinstance(value, list) else value)
        for name, value in sorted(stored.items())
    )


def tenant_target(tenant: Tenant) -> Target:
    """Return the tenant as an audit target."""
    return Target("tenant", str(tenant.id), tenant.name)


def limits_of(tenant: TenantRef) -> Limits:
    """Return the limits of a tenant."""
    return _limits(dict(tenant.limits))


def limits_from(stored: dict[str, Any]) -> Limits:
    """Return the limits for a stored ``Tenant.limits``."""
    return _limits(dict(frozen_settings(stored)))


def limit_overrides(stored: dict[str, Any]) -> dict[str, int | None]:
    """Return the overridden limits of a tenant; None where the default applies."""
    return {name: stored.get(name) for name in LIMIT_NAMES}


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


def _limits(stored: dict[str, Any]) -> Limits:
    given = {**settings.TENANT_LIMITS, **{k: v for k, v in stored.items() if k in LIMIT_NAMES}}
    return Limits(
        storage_bytes=given["storage_bytes"] or None,
        storage_objects=given["storage_objects"] or None,
        # The store and the proxy are configured for FILE_MAX_BYTES at most.
        file_max_bytes=min(
            given["file_max_bytes"] or settings.FILE_MAX_BYTES, settings.FILE_MAX_BYTES
        ),
    )
