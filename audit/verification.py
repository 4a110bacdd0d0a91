"""Verification of audit trails: detects events that were changed, removed, added or moved.

One statement reads the whole trail in the order of its links and returns the faults. It repeats the
formulas of functions.sql, because an attacker who can change a trail can change the functions too.

The chain has the order of commits, while times are those of the inserts. So an event may be older
than its predecessor by the length of a transaction plus the clock difference, less than an hour.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# PostgreSQL builds the chain at commit (docs/decisions/0009-audit-chain.md).
FUNCTIONS_SQL = Path(__file__).with_name("functions.sql")
MAX_FAULTS = 100
VERIFY_QUERY = """
WITH chain AS (
    SELECT l.*, lag(l.sequence, 1, 0::bigint) OVER up AS former,
           lag(l.hash, 1, ''::bytea) OVER up AS former_hash
    FROM audit_auditlink AS l WHERE l.sequence IS NOT NULL
    WINDOW up AS (ORDER BY l.sequence)
), erasures AS (
    SELECT id, coalesce((details ->> 'events')::bigint, 0) AS events FROM audit_auditevent
    WHERE action = 'person.erased'
), judged AS (
    SELECT CASE
        WHEN e.id IS NULL THEN 'removed'
        WHEN c.sequence <> c.former + 1 THEN 'gap'
        WHEN c.hash IS DISTINCT FROM sha256(c.former_hash || convert_to(jsonb_build_array(
            c.sequence, e.id, to_char(e.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
            e.action, e.actor_type, e.actor_id, e.target_type, e.target_id,
            e.request_id, e.details,
            encode(c.actor_promise, 'hex'), encode(c.target_promise, 'hex')
        )::text, 'UTF8')) THEN 'changed'
        WHEN e.at < lag(e.at) OVER (ORDER BY c.sequence) - interval '1 hour'
            OR e.at > clock_timestamp() + interval '1 hour' THEN 'time'
        WHEN c.actor_salt IS NULL THEN CASE
            WHEN e.actor_label <> '' OR e.ip IS NOT NULL OR e.user_agent <> ''
                OR NOT EXISTS (SELECT FROM erasures AS x WHERE x.id = c.actor_erased_by)
            THEN 'actor' END
        WHEN c.actor_promise <> sha256(c.actor_salt || convert_to(
            jsonb_build_array(e.actor_label, e.ip, e.user_agent)::text, 'UTF8')) THEN 'actor'
    END AS fault, CASE
        WHEN c.target_salt IS NULL THEN
            e.target_label <> ''
            OR NOT EXISTS (SELECT FROM erasures AS x WHERE x.id = c.target_erased_by)
        ELSE c.target_promise <> sha256(c.target_salt || convert_to(
            jsonb_build_array(e.target_label)::text, 'UTF8'))
    END AS target_is_wrong, c.sequence, c.event_id, e.action, e.at, c.former
    FROM chain AS c LEFT JOIN audit_auditevent AS e ON e.id = c.event_id
), cited AS (
    SELECT cause, count(DISTINCT event_id) AS events FROM audit_auditlink AS l
    CROSS JOIN LATERAL (VALUES (l.actor_erased_by), (l.target_erased_by)) AS causes (cause)
    WHERE cause IS NOT NULL GROUP BY cause
), faults AS (
    SELECT coalesce(fault, 'target') AS fault, sequence, event_id, action, at, former AS number
    FROM judged WHERE fault IS NOT NULL OR target_is_wrong
    UNION ALL
    SELECT 'unlinked', NULL, e.id, e.action, e.at, NULL FROM audit_auditevent AS e
    WHERE NOT EXISTS (SELECT FROM audit_auditlink AS l
                      WHERE l.event_id = e.id AND l.sequence IS NOT NULL)
    UNION ALL
    SELECT 'erasure', NULL, x.id, NULL, NULL, x.events
    FROM erasures AS x LEFT JOIN cited AS c ON c.cause = x.id
    WHERE x.events <> coalesce(c.events, 0)
), shown AS (
    SELECT * FROM faults ORDER BY sequence, at LIMIT %s
)
SELECT 'head', max(sequence), NULL::uuid, encode(
           (SELECT hash FROM audit_auditlink WHERE sequence IS NOT NULL
            ORDER BY sequence DESC LIMIT 1), 'hex'),
       NULL::timestamptz, count(*) FILTER (WHERE actor_salt IS NULL OR target_salt IS NULL)
FROM audit_auditlink
UNION ALL SELECT * FROM shown
"""
HASH_QUERY = "SELECT encode(hash, 'hex') FROM audit_auditlink WHERE sequence = %s"
FAULT_MESSAGES = {
    "removed": "Number {sequence} was removed: event {event} does not exist.",
    "gap": "Numbers {first} to {last} are missing: their events were removed.",
    "changed": "Number {sequence} ({event}, {action}, {at}) was changed or moved.",
    "time": "Number {sequence} ({event}, {action}, {at}) is earlier than its predecessor, or in "
    "the future: the time of one of the two was changed.",
    "actor": "Number {sequence} ({event}, {action}, {at}): the actor or the address was changed.",
    "target": "Number {sequence} ({event}, {action}, {at}): the name of its target was changed.",
    "unlinked": "Event {event} ({action}, {at}) is not in the chain: it was forged, or its link "
    "was removed.",
    "erasure": "Event {event} erased {number} events, but another number of events refers to it.",
}


@dataclass(frozen=True, slots=True)
class ChainHead:
    """A position in a chain and its hash in hexadecimal. A copy kept elsewhere is an anchor."""

    sequence: int
    hash: str

    def __str__(self) -> str:
        return f"{self.sequence}:{self.hash}"


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """The result of a verification. ``erased`` counts the events with a recorded erasure."""

    head: ChainHead
    erased: int
    faults: list[str] = field(default_factory=list)

    @property
    def is_intact(self) -> bool:
        """Whether there are no faults."""
        return not self.faults


def verify_chain(cursor: Any, *anchors: ChainHead) -> VerificationResult:
    """Verify the trail of the cursor's schema in one pass and in constant memory.

    Each anchor must still be in the chain. At most 100 faults are listed; a last line says if there
    are more.

    Raises: DatabaseError.
    """
    cursor.execute(VERIFY_QUERY, [MAX_FAULTS + 1])
    rows = sorted(cursor.fetchall(), key=lambda row: row[0] != "head")
    _, last, _, digest, _, erased = rows[0]
    head = ChainHead(last or 0, digest or "")
    faults = [_fault_message(row) for row in rows[1 : MAX_FAULTS + 1]]
    if len(rows) > MAX_FAULTS + 1:
        faults.append("There are more faults.")
    faults += [fault for anchor in anchors if (fault := _anchor_fault(cursor, anchor, head))]
    return VerificationResult(head, erased, faults)


def _fault_message(row: tuple[Any, ...]) -> str:
    kind, sequence, event, action, at, number = row
    return FAULT_MESSAGES[kind].format(
        sequence=sequence,
        event=event,
        action=action,
        at=f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "",
        number=number,
        first=(number or 0) + 1,
        last=(sequence or 0) - 1,
    )


def _anchor_fault(cursor: Any, anchor: ChainHead, head: ChainHead) -> str:
    """Return the fault of an anchor, or an empty string."""
    if anchor.sequence == 0:
        return ""
    if anchor.sequence > head.sequence:
        return f"The chain ends at number {head.sequence}, before the anchor {anchor.sequence}."
    cursor.execute(HASH_QUERY, [anchor.sequence])
    found = cursor.fetchone()
    if found is not None and found[0] == anchor.hash:
        return ""
    return f"Number {anchor.sequence} is not {anchor.hash}: the chain was rebuilt."
