"""Triggers that record each write to a temporary tenant's tables, with the writing process.

A digest of the rows would show that something changed, but not which process changed it. The
record, its function and its triggers are in the tenant's own schema and are dropped with it. The
triggers also fire for replication sessions (``ENABLE ALWAYS``).
"""

import json
from dataclasses import dataclass
from typing import Any

from django.core.management import CommandError
from psycopg import sql

from core.db_backend.scope import PUBLIC, use_scope

RECORD_TABLE = "isolation_changes"
RECORD_FUNCTION = "isolation_record"
RECORD_TRIGGER = "isolation_record"
CREATE_RECORD = """
CREATE TABLE {record} (
    id bigint GENERATED ALWAYS AS IDENTITY,
    name text NOT NULL, action text NOT NULL, process text NOT NULL, old_row jsonb, new_row jsonb
);
REVOKE ALL ON {record} FROM {role};
CREATE FUNCTION {function}() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    INSERT INTO {record} (name, action, process, old_row, new_row) VALUES (
        TG_TABLE_NAME, TG_OP, current_setting('application_name'), to_jsonb(OLD), to_jsonb(NEW)
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION {function}() FROM PUBLIC;
"""
CREATE_TRIGGERS = """
CREATE TRIGGER {trigger} AFTER INSERT OR UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {function}();
CREATE TRIGGER {truncated} AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION {function}();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger};
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {truncated};
"""
TABLES_QUERY = (
    "SELECT tablename FROM pg_tables WHERE schemaname = %s AND tablename <> %s ORDER BY 1"
)
TAKE_QUERY = (
    "DELETE FROM {record} RETURNING id, name, action, process, old_row::text, new_row::text"
)
TRIGGERS_QUERY = """
SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = to_regnamespace(%s) AND t.tgname = %s AND t.tgenabled = 'A'
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One write to one row, or the TRUNCATE of a table."""

    table: str
    action: str
    process: str
    """``application_name`` of the connection: see ``core.process_names``."""
    old: dict[str, Any] | None
    new: dict[str, Any] | None

    @property
    def columns(self) -> set[str]:
        """Columns that an UPDATE changed; all columns for other actions."""
        old, new = self.old or {}, self.new or {}
        names = old.keys() | new.keys()
        if self.action != "UPDATE":
            return set(names)
        return {name for name in names if old.get(name) != new.get(name)}

    def __str__(self) -> str:
        columns = f" of {', '.join(sorted(self.columns))}" if self.action == "UPDATE" else ""
        return f"{self.action}{columns} by {self.process or 'a session without a name'}"


class ChangeRecorder:
    """Records the changes of one schema; ``connection`` is the owner's."""

    def __init__(self, connection: Any, schema: str) -> None:
        self._connection, self._schema = connection, schema
        self.tables = [name for (name,) in self._run(TABLES_QUERY, [schema, RECORD_TABLE])]

    def begin(self) -> None:
        """Create the record, or empty an existing one."""
        if self._exists():
            self.take()
            return
        self._run(sql.SQL(CREATE_RECORD).format(**self._names(), role=sql.Identifier(self._schema)))
        for table in self.tables:
            self._run(
                sql.SQL(CREATE_TRIGGERS).format(
                    **self._names(),
                    table=sql.Identifier(self._schema, table),
                    trigger=sql.Identifier(RECORD_TRIGGER),
                    truncated=sql.Identifier(f"{RECORD_TRIGGER}_truncate"),
                )
            )
        if missing := self.unrecorded():
            raise CommandError(f"Writes to {', '.join(missing)} cannot be recorded.")

    def take(self) -> list[Change]:
        """Return and delete the recorded changes, in order."""
        rows = self._run(sql.SQL(TAKE_QUERY).format(record=self._names()["record"]))
        return [_parse_change(*row[1:]) for row in sorted(rows, key=lambda row: row[0])]

    def unrecorded(self) -> list[str]:
        """Return tables without an active trigger: dropped, replaced or disabled."""
        attached = {name for (name,) in self._run(TRIGGERS_QUERY, [self._schema, RECORD_TRIGGER])}
        return [name for name in self.tables if name not in attached]

    def _exists(self) -> bool:
        query = "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text)) IS NOT NULL"
        return bool(self._run(query, [self._schema, RECORD_TABLE])[0][0])

    def _names(self) -> dict[str, sql.Identifier]:
        return {
            "record": sql.Identifier(self._schema, RECORD_TABLE),
            "function": sql.Identifier(self._schema, RECORD_FUNCTION),
        }

    def _run(self, query: Any, parameters: list[Any] | None = None) -> list[Any]:
        with use_scope(PUBLIC), self._connection.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall()) if cursor.description else []


def _parse_change(
    table: str, action: str, process: str, old: str | None, new: str | None
) -> Change:
    rows = [None if text is None else json.loads(text) for text in (old, new)]
    return Change(table, action, process, *rows)
