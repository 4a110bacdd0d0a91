"""Making room for a new session: among those of its person, and among all that have piled up.

One cheap statement tells whether either has to be done. Nearly always neither has, and then it is
all that a log-in spends on them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q
from accounts.sessions.pruning import SESSION_RETENTION
from accounts.tenant_policy import current_policy

# Each part is answered from an index (user_id, session_not_ended, expires_at).
COUNTS_SQL = """
SELECT (SELECT count(*) FROM accounts_session WHERE user_id = %s AND ended_at IS NULL),
       EXISTS (SELECT FROM accounts_session WHERE ended_at IS NULL AND expires_at <= %s)
       OR EXISTS (SELECT FROM accounts_session WHERE expires_at < %s)
"""


@dataclass(frozen=True, slots=True)
class SessionCounts:
    """How many sessions of a person have not been ended, and whether there are any to prune."""

    not_ended: int
    piled_up: bool


def session_counts(user: User, now: datetime) -> SessionCounts:
    """Return how things stand. What waited for the person's lock sees what the holder did."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS_SQL, [user.id, now, now - SESSION_RETENTION])
        not_ended, piled_up = cursor.fetchone()
    return SessionCounts(not_ended, piled_up)


def sessions_to_evict(user: User, room: SessionCounts, now: datetime) -> list[Session]:
    """Return the person's sessions that one more is too many for, locked in the order of ids.

    Those that were used least recently. Not all that have not been ended still live, so the first
    look may find more than there are.
    """
    most = current_policy().sessions_per_user
    if not most or room.not_ended < most:
        return []
    living = Session.objects.filter(active_sessions_q(now), user=user)
    spare = living.order_by("-last_used_at", "-id").values("id")[most - 1 :]
    return list(living.filter(id__in=spare).order_by("id").select_for_update())
