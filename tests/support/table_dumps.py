"""What a tenant's tables hold, as COPY writes it, and its objects, to compare two of them."""

import hashlib

from operations.archives.snapshot import open_snapshot
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.support.files.bucket import keys_under, read_object

TENANT_BOUND_TABLES = (
    "accounts_letter",
    "accounts_maillink",
    "accounts_session",
    "files_share",
    "idempotency_answer",
)


def dump_tables(slug: str, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Return each table's text."""
    with open_snapshot(tenant_by_slug(slug).schema_name) as snapshot:
        return {
            table.name: b"".join(snapshot.text(table))
            for table in snapshot.tables()
            if table.name not in without
        }


def object_digests(tenant: Tenant) -> dict[str, str]:
    """Return the SHA-256 of each object by its name below the tenant's prefix."""
    prefix = f"{tenant.object_prefix}/"
    return {
        key.removeprefix(prefix): hashlib.sha256(read_object(key)).hexdigest()
        for key in keys_under(prefix)
    }
