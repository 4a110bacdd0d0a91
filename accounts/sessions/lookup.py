"""The query of every authenticated request: a session and its person, by the session's id.

Django compiles a queryset anew each time, which costs more than all else in such a request. Here
Django compiles it once in a process; the text names no schema, so it serves every tenant. Columns
that decide nothing here are left out: the hashes need not travel with each request, and Django
converts every time in Python. Reading one of them later costs a query of its own.
"""

import uuid
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection

from accounts.models import Session, User

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


@cache
def _session_sql() -> str:
    """Return the SQL. Raises RuntimeError if ``find_session_with_user`` reads other columns."""
    rows = Session.objects.select_related("user").filter(id=PLACEHOLDER_ID).order_by()
    rows = rows.only(*SESSION_COLUMNS, *(f"user__{name}" for name in USER_COLUMNS))
    compiler = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    columns = [expression for expression, _, _ in compiler.select]
    read = [column.target.attname for column in columns]
    if read != SESSION_COLUMNS + USER_COLUMNS or parameters != (PLACEHOLDER_ID,):
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    if compiler.get_converters(columns):
        raise RuntimeError("A column needs a conversion that reading rows by hand leaves out.")
    return str(text)


def find_session_with_user(session_id: uuid.UUID) -> Session | None:
    """Return the session with ``user`` loaded, living or ended, active or not, or None."""
    with connection.cursor() as cursor:
        cursor.execute(_session_sql(), [session_id])
        row = cursor.fetchone()
    if row is None:
        return None
    width = len(SESSION_COLUMNS)
    session = Session.from_db(DEFAULT_DB_ALIAS, SESSION_COLUMNS, row[:width])
    session.user = User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, row[width:])
    return session
