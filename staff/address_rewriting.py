"""The addresses of staff that are stored in another form than the canonical one."""

from typing import Any

from core.text.email_canonicalization import (
    AddressFinding,
    StoredAddress,
    canonical_or_none,
    find_noncanonical,
    noncanonical_condition,
)


def noncanonical_addresses(cursor: Any) -> list[AddressFinding]:
    """Return the members of staff whose address is not canonical; ``cursor`` is in ``public``."""
    condition = noncanonical_condition("email")
    cursor.execute(f"SELECT id::text, email FROM staff_staffuser WHERE {condition}", [])  # noqa: S608 - no input
    rows = [StoredAddress("staff", *row) for row in cursor.fetchall()]
    if not rows:
        return []
    wanted = [canonical for row in rows if (canonical := canonical_or_none(row.address))]
    cursor.execute(
        "SELECT lower(email), id::text FROM staff_staffuser WHERE lower(email) = ANY(%s)", [wanted]
    )
    return list(find_noncanonical(rows, dict(cursor.fetchall())))


def canonicalize_addresses(cursor: Any) -> None:
    """Bring every address of staff into canonical form, but those that collide."""
    for found in noncanonical_addresses(cursor):
        if found.problem == "not_canonical":
            change = "UPDATE staff_staffuser SET email = %s WHERE id = %s"
            cursor.execute(change, [found.canonical, found.id])
