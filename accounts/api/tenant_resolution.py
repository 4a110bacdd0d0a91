"""Which tenant a request without an access token is for."""

from collections.abc import Iterator
from contextlib import contextmanager

from accounts.problems import TokenInvalid
from core.problems import FieldError, ValidationFailed
from tenants.availability import require_served, require_visible
from tenants.context import current_tenant_or_none, tenant_context
from tenants.credentials import tenant_of_token
from tenants.names import normalise_slug
from tenants.refs import TenantRef
from tenants.request_counts import count_request
from tenants.routing import tenant_for_host


@contextmanager
def resolved_tenant(slug: str | None, *, token: str = "") -> Iterator[TenantRef]:
    """Run the block in the tenant of the host, or on ``api.`` in the tenant of the credential.

    A tenant's own host always wins. On ``api.`` a bearer credential wins, whether it is valid or
    not; a refresh token names its tenant itself; ``tenant`` in the body counts only without both
    (log-in, registration).

    Raises: ValidationFailed without a name; TokenInvalid; TenantNotFound; TenantSuspended;
    TenantUnavailable.
    """
    here = current_tenant_or_none()
    if here is not None:
        yield here
        return
    tenant = _tenant_named(slug) if slug else _tenant_of_token(token)
    require_served(tenant)
    count_request(tenant.id)
    with tenant_context(tenant):
        yield tenant


def _tenant_named(slug: str) -> TenantRef:
    label = normalise_slug(slug)
    return require_visible(tenant_for_host(label) if "." not in label else None)


def _tenant_of_token(token: str) -> TenantRef:
    if not token:
        raise ValidationFailed(errors=[FieldError("tenant", "required", "Name the workspace.")])
    tenant = tenant_of_token(token)
    if tenant is None:
        raise TokenInvalid
    return tenant
