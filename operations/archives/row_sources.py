"""Sources of rows for a schema: an archive, or another tenant as it is now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, cast

from operations.archives.masking import Masking
from operations.archives.reader import Archive
from operations.archives.snapshot import Snapshot, Table
from tenants.schemas.schema_state import MigrationKey


class SourceTable(Protocol):
    """A table of a source."""

    @property
    def name(self) -> str:
        """Name of the table."""

    @property
    def columns(self) -> list[str]:
        """The columns of the text, in its order."""

    @property
    def rows(self) -> int | None:
        """The required number of rows, if it is known."""


class RowSource(Protocol):
    """A source of rows for a schema."""

    @property
    def steps(self) -> list[MigrationKey]:
        """The migrations that the source contains."""

    @property
    def sequences(self) -> dict[str, tuple[int, bool]]:
        """State of its sequences."""

    @property
    def parts(self) -> list[SourceTable]:
        """Its tables."""

    def text(self, part: SourceTable) -> Iterator[bytes]:
        """Yield a table's rows in the format of COPY."""


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table with an unknown number of rows."""

    name: str
    columns: list[str]
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class ArchiveSource:
    """The rows of an archive, without those of excluded tables."""

    archive: Archive
    excluded: frozenset[str] = frozenset()

    @property
    def steps(self) -> list[MigrationKey]:
        """The migrations that the archive contains."""
        return self.archive.manifest.migrations

    @property
    def sequences(self) -> dict[str, tuple[int, bool]]:
        """State of its sequences."""
        return self.archive.manifest.sequences

    @property
    def parts(self) -> list[SourceTable]:
        """Its tables; excluded ones without rows."""
        return [
            TableDescription(part.name, part.columns, 0)
            if part.name in self.excluded
            else cast("SourceTable", part)
            for part in self.archive.manifest.tables
        ]

    def text(self, part: SourceTable) -> Iterator[bytes]:
        """Yield a table's rows."""
        if part.name in self.excluded:
            return iter(())
        found = {given.name: given for given in self.archive.manifest.tables}
        return self.archive.text(found[part.name])


class TenantSource:
    """The rows of another tenant, masked by PostgreSQL while they are read."""

    def __init__(self, snapshot: Snapshot, masking: Masking) -> None:
        self._snapshot, self._masking = snapshot, masking
        self._tables = {table.name: table for table in snapshot.tables()}
        self.steps: list[MigrationKey] = snapshot.migrations()
        self.sequences = snapshot.sequences()

    @property
    def parts(self) -> list[SourceTable]:
        """The tables of the tenant."""
        return [
            TableDescription(table.name, list(table.columns)) for table in self._tables.values()
        ]

    def text(self, part: SourceTable) -> Iterator[bytes]:
        """Yield a table's masked rows."""
        table: Table = self._tables[part.name]
        query = self._masking.query(self._snapshot, table)
        return iter(()) if query is None else self._snapshot.text(table, query)
