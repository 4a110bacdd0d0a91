"""What a tenant's tables hold, as COPY writes it, and its objects, to compare two of them."""

import hashlib

from operations.archives.snapshot import snapshot_of
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.support.files.bucket import content, keys_under

KEPT_APART = (
    "accounts_letter",
    "accounts_maillink",
    "accounts_session",
    "files_share",
    "idempotency_answer",
)


def rows_of(slug: str, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return each table's text."""
    with snapshot_of(tenant_by_slug(slug).schema_name) as snapshot:
        return {
            table.name: b"".join(snapshot.text(table))
            for table in snapshot.tables()
            if table.name not in without
        }


def objects_of(tenant: Tenant) -> dict[str, str]:
    """Return the SHA-256 of each object by its name below the tenant's prefix."""
    prefix = f"{tenant.object_prefix}/"
    return {
        key.removeprefix(prefix): hashlib.sha256(content(key)).hexdigest()
        for key in keys_under(prefix)
    }
