"""What a tenant consists of, taken down before the first piece of it goes."""

from dataclasses import asdict, dataclass
from typing import Any

from files.storage.deletion import Holdings, holdings
from operations.archives.export import Exported
from operations.archives.snapshot import Content, Snapshot, content_of
from operations.owner_session import owner_session
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Inventory:
    """A tenant's rows by table and its objects."""

    tables: dict[str, Content]
    held: Holdings

    def as_json(self) -> dict[str, Any]:
        """Return it as a certificate and the audit record hold it."""
        tables = {
            name: {"rows": content.rows, "sha256": content.sha256}
            for name, content in self.tables.items()
        }
        return {"tables": tables, "objects": asdict(self.held)}

    def is_in(self, exported: Exported) -> bool:
        """Whether an archive has these rows: its digests are of the same text."""
        parts = exported.manifest.tables
        return self.tables == {p.name: Content(p.rows, p.size, p.sha256) for p in parts}


def take_inventory(tenant: Tenant) -> Inventory:
    """Count and digest a tenant's rows by table and its objects. Raises StorageUnavailable."""
    return Inventory(_contents(tenant.schema_name), holdings(tenant.object_prefix))


def _contents(schema: str) -> dict[str, Content]:
    """Return what each table holds; nothing where a former deletion has dropped the schema."""
    with owner_session() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        snapshot = Snapshot(session, schema)
        return {table.name: content_of(snapshot.text(table)) for table in snapshot.tables()}
