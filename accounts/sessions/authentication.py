"""Authentication of every request: the session of an access token, checked in one query.

Django would compile the query for each request, which costs more than the rest of the request. So
it is compiled once per process. The SQL names no schema and serves every tenant. It leaves out
columns that are not needed here: the hashes need not travel with each request, and Django converts
every time in Python. Reading one of them later costs a query of its own.
"""

import uuid
from datetime import datetime
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.utils import timezone

from accounts.models import Session, User
from accounts.problems import TokenInvalid
from accounts.sessions.expiry import SessionEnd, mark_expired, session_end, update_last_used
from core.db_backend.queries import compiled_select

PLACEHOLDER_ID = uuid.UUID(int=0)
SESSION_COLUMNS = [
    "id",
    "user_id",
    "created_at",
    "last_used_at",
    "proved_at",
    "expires_at",
    "ended_at",
    "end_reason",
]
USER_COLUMNS = [f.attname for f in User._meta.concrete_fields if f.attname != "password"]


def authenticate_session(session_id: uuid.UUID) -> Session:
    """Return the active session with its active user, in one query.

    Records the use once a minute, and the end of a session that is found expired.

    Raises: TokenInvalid.
    """
    session = find_session_with_user(session_id)
    if session is None:
        raise TokenInvalid
    now = timezone.now()
    require_active(session, now)
    update_last_used(session, now)
    return session


def require_active(session: Session, now: datetime) -> None:
    """Check that the session and its user are active.

    An expired session is marked as ended, unless the surrounding transaction fails.

    Raises: TokenInvalid, with the cause as ``reason``.
    """
    end = session_end(session, now)
    if end is not None:
        if session.ended_at is None:
            mark_expired(session, end)
        raise end.problem
    if not session.user.is_active:
        raise SessionEnd(now, Session.End.REVOKED).problem


def find_session_with_user(session_id: uuid.UUID) -> Session | None:
    """Return the session with ``user`` loaded, active or ended; None if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_session_sql(), [session_id])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(SESSION_COLUMNS)
    session = Session.from_db(DEFAULT_DB_ALIAS, SESSION_COLUMNS, row[:width])
    session.user = User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, row[width:])
    return session


@cache
def _session_sql() -> str:
    rows = Session.objects.select_related("user").filter(id=PLACEHOLDER_ID).order_by()
    rows = rows.only(*SESSION_COLUMNS, *(f"user__{name}" for name in USER_COLUMNS))
    return compiled_select(rows, SESSION_COLUMNS + USER_COLUMNS, parameter_count=1)
