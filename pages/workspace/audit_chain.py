"""What the audit page says of the hash chain: its end, and its last verification."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from audit.queries import chain_contains, chain_head
from audit.verification import ChainHead
from tenants.queries import verified_trail_head


@dataclass(frozen=True, slots=True)
class ChainState:
    """The end of the chain, and its head at the last successful verification; None without one.

    ``is_broken``: the verified head is not in the chain any more, so it was cut or rebuilt since.
    ``faults`` is how many faults the last verification found, at ``checked_at``; changes of single
    events are found by ``verify_audit`` only.
    """

    head: ChainHead | None
    verified: ChainHead | None = None
    verified_at: datetime | None = None
    is_broken: bool = False
    faults: int = 0
    checked_at: datetime | None = None

    @property
    def added(self) -> int:
        """The number of events since the last verification."""
        last, verified = (each.sequence if each else 0 for each in (self.head, self.verified))
        return max(last - verified, 0)


def chain_state(tenant_id: uuid.UUID) -> ChainState:
    """Return the state of the current tenant's chain."""
    row = verified_trail_head(tenant_id)
    if row is None:
        return ChainState(chain_head())
    checked_at = row.checked_at or row.verified_at
    if row.verified_at is None:  # it never was intact
        return ChainState(chain_head(), faults=row.faults, checked_at=checked_at)
    verified = ChainHead(row.sequence, row.hash)
    return ChainState(
        chain_head(),
        verified,
        row.verified_at,
        is_broken=not chain_contains(verified),
        faults=row.faults,
        checked_at=checked_at,
    )
