"""Look-up of the tenant that an operator names: by subdomain, id, host, custom domain or schema."""

import difflib
from urllib.parse import urlsplit

from django.conf import settings

from core.db_backend.scope import PUBLIC, use_scope
from core.text.email_addresses import ascii_domain
from core.text.parsing import parse_uuid
from tenants.models import Domain, Tenant
from tenants.names import normalise_slug
from tenants.problems import TenantNotFound
from tenants.queries import all_tenants, tenant_by_slug

MAX_SHOWN_LENGTH = 80
MAX_NAME_LENGTH = 400
# Comparing names takes time that grows with their number.
MAX_COMPARED = 20_000
LIST_HINT = "`manage.py list_tenants` lists them."


def tenant_by_name(text: str) -> Tenant:
    """Return the tenant that ``text`` names.

    It is a subdomain (``acme``), an id, a host (``acme.aggios.app``), a proved custom domain, a URL
    of one of them, or a schema name, as logs and reports show it. A former subdomain is refused.

    Raises: TenantNotFound, which names the closest subdomains.
    """
    name = _bare_name(text)
    with use_scope(PUBLIC):
        tenant = _find_tenant(name) if name else None
        if tenant is not None:
            return tenant
        close = _closest(name)
    shown = text.strip()[:MAX_SHOWN_LENGTH]
    hint = f"Did you mean {' or '.join(close)}?" if close else LIST_HINT
    raise TenantNotFound(f"There is no tenant {shown!r}. {hint}")


def _bare_name(text: str) -> str:
    """Return the name without scheme, port, path and final dot; empty if it is too long."""
    name = text.strip()
    if len(name) > MAX_NAME_LENGTH:
        return ""
    try:
        host = urlsplit(name if "://" in name else f"//{name}").hostname or ""
    except ValueError:
        return ""
    return host.removesuffix(".")


def _find_tenant(name: str) -> Tenant | None:
    if (by_id := parse_uuid(name)) is not None:
        return all_tenants().filter(pk=by_id).first()
    if "." not in name:
        found = all_tenants().filter(schema_name=name).first()
        return found or _by_label(name)
    label = name.removesuffix(f".{settings.BASE_DOMAIN}")
    return _by_label(label) if label != name else _by_custom_domain(name)


def _by_label(label: str) -> Tenant | None:
    # Before lower(): the lower case of some other characters is ASCII (U+212A, the Kelvin sign).
    if not label.isascii() or not Domain.objects.filter(domain=normalise_slug(label)).exists():
        return None
    return tenant_by_slug(label)


def _by_custom_domain(name: str) -> Tenant | None:
    try:
        stored = ascii_domain(name)
    except ValueError:
        return None
    claims = Domain.objects.filter(domain=stored, kind=Domain.Kind.CUSTOM)
    if proved := claims.filter(verified_at__isnull=False).first():
        return all_tenants().get(pk=proved.tenant_id)
    if claims.exists():
        # Any tenant can claim any name, so a claim must not lead a command to it.
        raise TenantNotFound(
            f"{stored} is claimed, but not proved: name the tenant by its subdomain. "
            "`manage.py domains list` says who claims it."
        )
    return None


def _closest(name: str) -> list[str]:
    wanted = name.removesuffix(f".{settings.BASE_DOMAIN}")
    known = Domain.objects.filter(redirect_until=None).exclude(
        kind=Domain.Kind.CUSTOM, verified_at=None
    )
    names = known.order_by("domain").values_list("domain", flat=True)[:MAX_COMPARED]
    return difflib.get_close_matches(wanted, names, n=2, cutoff=0.7)
