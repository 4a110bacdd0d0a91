"""Object store probes: the other tenant's objects through our storage and directly."""

from collections.abc import Iterator

from botocore.exceptions import ClientError
from django.core.exceptions import SuspiciousOperation

from files.storage.configured import tenant_storage
from operations.isolation.canaries import AuditIncompleteError, Canaries
from operations.isolation.report import AttemptResult
from operations.isolation.transport import fetch_presigned
from tenants.context import NoTenant, TenantRef, tenant_context


def probe_storage(attacker: TenantRef, victim: Canaries) -> Iterator[AttemptResult]:
    """Request the victim's objects as the attacker's tenant.

    Raises: AuditIncompleteError, OSError.
    """
    theirs = victim.tenant.ref.object_prefix
    known = victim.object_names[-1]
    names = [
        known,
        f"{theirs}/{known}",
        f"/{theirs}/{known}",
        f"../{theirs}/{known}",
        f"files/../../{theirs}/{known}",
        f"./../{theirs}/{known}",
        f"..%2f{theirs}%2f{known}",
        f"..\\{theirs}\\{known}",
    ]
    with tenant_context(attacker):  # left before the rows are yielded
        found = [_probe_name(n.replace(theirs, "{theirs}"), n, attacker, victim) for n in names]
    yield from found
    with tenant_context(attacker):
        found = list(_probe_altered_url(attacker, victim))
    yield from found
    yield _probe_without_tenant(known)


def _probe_name(shown: str, name: str, attacker: TenantRef, victim: Canaries) -> AttemptResult:
    outcome, crossing = _open_object(name, attacker, victim)
    return AttemptResult(
        "store", "TenantStorage", "open", "attacker's tenant", shown, outcome, crossing
    )


def _open_object(name: str, attacker: TenantRef, victim: Canaries) -> tuple[str, str]:
    storage = tenant_storage()
    try:
        key = storage.key_of(name)
        if not key.startswith(f"{attacker.object_prefix}/") or "/../" in key:
            return key, "the key lies outside of the tenant's prefix"
        with storage.open(name) as found:
            data = found.read().decode("latin-1")
    except SuspiciousOperation:
        return "refused", ""
    except (FileNotFoundError, ClientError):
        return "not found", ""
    hit = victim.tenant.marker in data
    return "opened", "an object of theirs was read" if hit else ""


def _probe_altered_url(attacker: TenantRef, victim: Canaries) -> Iterator[AttemptResult]:
    """Change a URL that is signed for an own object, so that it names the victim's."""
    name = victim.object_names[-1]
    own = tenant_storage().url(name)
    altered = own.replace(attacker.object_prefix, victim.tenant.ref.object_prefix)
    for action, url in (("altered link", altered), ("no signature", altered.partition("?")[0])):
        reply = fetch_presigned(url)
        crossing = "" if reply.status in {400, 401, 403} else f"the store answered {reply.status}"
        yield AttemptResult(
            "store", "presigned link", action, "anonymous", name, str(reply.status), crossing
        )
    with tenant_context(victim.tenant.ref):
        good = fetch_presigned(tenant_storage().url(name))
    if victim.tenant.marker.encode() not in good.body:
        raise AuditIncompleteError(f"The object cannot be read by its own link: {good.status}.")


def _probe_without_tenant(name: str) -> AttemptResult:
    try:
        key = tenant_storage().key_of(name)
    except NoTenant:
        return AttemptResult("store", "TenantStorage", "key", "no tenant", name, "refused")
    return AttemptResult(
        "store", "TenantStorage", "key", "no tenant", name, key, "a key without a tenant"
    )
