"""What a tenant consists of, taken down before the first piece of it goes."""

from dataclasses import asdict, dataclass
from typing import Any

from files.storage.deletion import PrefixSummary, summarize_prefix
from operations.archives.export import ExportResult
from operations.archives.snapshot import Snapshot, TableDigest, digest_rows
from operations.owner_session import owner_session
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Inventory:
    """A tenant's rows by table and its objects."""

    tables: dict[str, TableDigest]
    held: PrefixSummary

    def as_json(self) -> dict[str, Any]:
        """Return it as a certificate and the audit record hold it."""
        tables = {
            name: {"rows": content.rows, "sha256": content.sha256}
            for name, content in self.tables.items()
        }
        return {"tables": tables, "objects": asdict(self.held)}

    def is_in(self, exported: ExportResult) -> bool:
        """Whether an archive has these rows: its digests are of the same text."""
        parts = exported.manifest.tables
        return self.tables == {p.name: TableDigest(p.rows, p.size, p.sha256) for p in parts}


def take_inventory(tenant: Tenant) -> Inventory:
    """Count and digest a tenant's rows by table and its objects. Raises StorageUnavailable."""
    return Inventory(_table_digests(tenant.schema_name), summarize_prefix(tenant.object_prefix))


def _table_digests(schema: str) -> dict[str, TableDigest]:
    """Return what each table holds; nothing where a former deletion has dropped the schema."""
    with owner_session() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = Snapshot(session, schema)
        return {table.name: digest_rows(snapshot.text(table)) for table in snapshot.tables()}
