"""Stored e-mail addresses of a tenant that are not in canonical form."""

from collections.abc import Iterable
from typing import Any

from core.text.email_canonicalization import (
    AddressFinding,
    StoredAddress,
    canonical_or_none,
    find_noncanonical,
    noncanonical_condition,
)

# For each kind of row: table, column, and the condition under which addresses must be unique.
ADDRESS_COLUMNS = {
    "user": ("accounts_user", "email", "removed_at IS NULL"),
    "invitation": ("accounts_invitation", "email", "uses = 0 AND revoked_at IS NULL"),
    "letter": ("accounts_letter", "recipient", "false"),
    "link": ("accounts_maillink", "email", "false"),
}


def find_noncanonical_addresses(cursor: Any) -> list[AddressFinding]:
    """Return the users and open invitations whose address is not canonical.

    ``cursor`` must be in the tenant's schema. If all are canonical, this is one statement.
    """
    return _findings(cursor, _suspects(cursor))


def canonicalise_addresses(cursor: Any) -> None:
    """Bring every address of a tenant into canonical form, except those that collide.

    If a user keeps the address, other rows with it, such as an e-mail token, keep it too.
    """
    suspects = _suspects(cursor)
    if not suspects:
        return
    kept = {(f.table, f.id) for f in _findings(cursor, suspects) if f.problem != "not_canonical"}
    of_users = {s.address for s, _ in suspects if (s.table, s.row_id) in kept and s.table == "user"}
    for table in ADDRESS_COLUMNS:
        rows = [s for s, _ in suspects if s.table == table and (table, s.row_id) not in kept]
        if table in ("letter", "link"):
            rows = [row for row in rows if row.address not in of_users]
        _update(cursor, table, rows)


def _suspects(cursor: Any) -> list[tuple[StoredAddress, bool]]:
    """Return what may not be canonical, and whether no other row may have the same address."""
    parts = (
        f"SELECT '{kind}', id::text, {column}, {unique} FROM {table} "  # noqa: S608 - no input
        f"WHERE {column} <> '' AND {noncanonical_condition(column)}"
        for kind, (table, column, unique) in ADDRESS_COLUMNS.items()
    )
    cursor.execute(" UNION ALL ".join(parts) + " ORDER BY 1, 2", [])
    return [(StoredAddress(*row[:3]), row[3]) for row in cursor.fetchall()]


def _findings(cursor: Any, suspects: Iterable[tuple[StoredAddress, bool]]) -> list[AddressFinding]:
    found: list[AddressFinding] = []
    for kind in ("user", "invitation"):
        rows = [stored for stored, unique in suspects if stored.table == kind and unique]
        if rows:
            wanted = [canonical for row in rows if (canonical := canonical_or_none(row.address))]
            found += find_noncanonical(rows, _taken(cursor, kind, wanted))
    return found


def _taken(cursor: Any, kind: str, addresses: list[str]) -> dict[str, str]:
    table, column, unique = ADDRESS_COLUMNS[kind]
    cursor.execute(
        f"SELECT lower({column}), id::text FROM {table} "  # noqa: S608 - no input
        f"WHERE lower({column}) = ANY(%s) AND {unique}",
        [addresses],
    )
    return dict(cursor.fetchall())


def _update(cursor: Any, kind: str, rows: list[StoredAddress]) -> None:
    changes = [
        (row.row_id, canonical) for row in rows if (canonical := canonical_or_none(row.address))
    ]
    if not changes:
        return
    table, column, _ = ADDRESS_COLUMNS[kind]
    ids, addresses = zip(*changes, strict=True)
    cursor.execute(
        f"UPDATE {table} SET {column} = new.address "  # noqa: S608 - no input
        "FROM unnest(%s::uuid[], %s::text[]) AS new (id, address) "
        f"WHERE {table}.id = new.id",
        [list(ids), list(addresses)],
    )
