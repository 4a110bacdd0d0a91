"""Making room for a new session: among those of its person, and among all that have piled up.

One cheap statement tells whether either has to be done. Nearly always neither has, and then it is
all that a log-in spends on them.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import Session, User
from accounts.sessions.expiry import alive
from accounts.sessions.pruning import KEPT_AFTER_END
from accounts.tenant_policy import policy

# Each part is answered from an index (user_id, session_not_ended, expires_at).
LOOK = """
SELECT (SELECT count(*) FROM accounts_session WHERE user_id = %s AND ended_at IS NULL),
       EXISTS (SELECT FROM accounts_session WHERE ended_at IS NULL AND expires_at <= %s)
       OR EXISTS (SELECT FROM accounts_session WHERE expires_at < %s)
"""


@dataclass(frozen=True, slots=True)
class Room:
    """How many sessions of a person have not been ended, and whether there are any to prune."""

    not_ended: int
    piled_up: bool


def look_round(user: User, now: datetime) -> Room:
    """Return how things stand. What waited for the person's lock sees what the holder did."""
    with connection.cursor() as cursor:
        cursor.execute(LOOK, [user.id, now, now - KEPT_AFTER_END])
        not_ended, piled_up = cursor.fetchone()
    return Room(not_ended, piled_up)


def too_many(user: User, room: Room, now: datetime) -> list[Session]:
    """Return the person's sessions that one more is too many for, locked in the order of ids.

    Those that were used least recently. Not all that have not been ended still live, so the first
    look may find more than there are.
    """
    most = policy().sessions_per_user
    if not most or room.not_ended < most:
        return []
    living = Session.objects.filter(alive(now), user=user)
    spare = living.order_by("-last_used_at", "-id").values("id")[most - 1 :]
    return list(living.filter(id__in=spare).order_by("id").select_for_update())
