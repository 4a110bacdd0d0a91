"""Who and what the events of an audit trail name in tests, and the links of a trail."""

import psycopg

from audit.services import Actor, Target
from tenants.context import TenantRef

ADA = Actor("user", "0199aaaa-0000-7000-8000-0000000000ad", "ada@acme.test")
BEN = Target("user", "0199aaaa-0000-7000-8000-0000000000be", "ben@acme.test")
EVENTS = 5


def links(ref: TenantRef, superuser: psycopg.Connection) -> list[tuple]:
    """Return sequence, event and hash of each link in order."""
    query = f"SELECT sequence, event_id, hash FROM {ref.schema_name}.audit_auditlink ORDER BY 1"
    return superuser.execute(query).fetchall()
