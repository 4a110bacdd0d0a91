"""Finding stored e-mail addresses that are not canonical, and collisions between them.

docs/decisions/0021-email-addresses.md has the rule, and what happens to rows that collide.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.problems import ValidationFailed
from core.text.email_addresses import canonical_address

# SQL condition for addresses that may not be canonical. Every row that it excludes is canonical;
# ``canonical_or_none`` decides about the others.
NONCANONICAL_SQL = (
    "({column} !~ '^[a-z0-9!#$%%&''*+/=?^_`{{|}}~.-]{{1,64}}@([a-z0-9-]{{1,63}}\\.)+[a-z]{{2,63}}$'"
    " OR {column} LIKE '%%--%%')"
)
QUOTED = re.compile(r'"([^"\\]*)"(@.*)')


@dataclass(frozen=True, slots=True)
class StoredAddress:
    """The e-mail address of a row."""

    table: str
    row_id: str
    address: str


@dataclass(frozen=True, slots=True)
class AddressFinding:
    """A row whose address is not canonical, and the reason.

    ``problem`` is ``collides`` (with other rows of one mailbox), ``unreachable`` (there is no
    canonical form) or ``not_canonical`` (it can be changed).
    """

    table: str
    id: str
    address: str
    canonical: str | None
    problem: str
    collides_with: list[str]

    def document(self) -> dict[str, Any]:
        """Return the document that a command prints."""
        return asdict(self)


def noncanonical_condition(column: str) -> str:
    """Return the SQL condition for rows whose ``column`` may not be canonical.

    Percent signs are doubled, for a statement with parameters.
    """
    return NONCANONICAL_SQL.format(column=column)


def canonical_or_none(stored: str) -> str | None:
    """Return the canonical form of a stored address, or None if there is none.

    Quotation marks that change nothing are dropped (RFC 5321 section 4.1.2).
    """
    quoted = QUOTED.fullmatch(stored)
    try:
        return canonical_address("".join(quoted.groups()) if quoted else stored)
    except ValidationFailed:
        return None


def find_noncanonical(
    rows: Iterable[StoredAddress], taken: Mapping[str, str]
) -> Iterator[AddressFinding]:
    """Yield each row that is not canonical.

    ``taken`` maps canonical addresses that are in use to the ids of their rows.
    """
    mailboxes: dict[str | None, list[StoredAddress]] = defaultdict(list)
    for row in rows:
        canonical = canonical_or_none(row.address)
        if canonical != row.address:
            mailboxes[canonical].append(row)
    for canonical, group in mailboxes.items():
        for row in group:
            others = _others(row, group, taken) if canonical else []
            problem = "unreachable" if canonical is None else "not_canonical"
            problem = "collides" if others else problem
            yield AddressFinding(row.table, row.row_id, row.address, canonical, problem, others)


def _others(row: StoredAddress, group: list[StoredAddress], taken: Mapping[str, str]) -> list[str]:
    """Return the ids of the other rows of the same mailbox."""
    owner = taken.get(canonical_or_none(row.address) or "")
    ids = {other.row_id for other in group} | ({owner} if owner else set())
    return sorted(ids - {row.row_id})
