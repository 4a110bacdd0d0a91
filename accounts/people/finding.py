"""Finding a person for a log-in: by address, and again under a lock.

Django compiles each of the two queries once in a process, as in accounts/sessions/living.py:
compiling takes longer than asking, and a storm of log-ins is to spend its time on hashing.
"""

import uuid
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from accounts.models import User

COLUMNS = [field.attname for field in User._meta.concrete_fields]


def person_with_email(email: str) -> User | None:
    """Return who has the address, which is normalised already. Costs the same for nobody."""
    return _one(_by_email(), email)


def locked_person(user_id: uuid.UUID) -> User | None:
    """Return the person with their row locked, though not against foreign keys to it."""
    return _one(_by_id_locked(), user_id)


@cache
def _by_email() -> str:
    # As the unique index has it: a plain comparison would read the whole table.
    return _compiled(User.objects.filter(Exact(Lower("email"), "")))


@cache
def _by_id_locked() -> str:
    return _compiled(User.objects.select_for_update(no_key=True).filter(pk=uuid.UUID(int=0)))


def _compiled(rows: QuerySet[User]) -> str:
    """Return the SQL of a query with one parameter. Raises RuntimeError for another one."""
    compiler = rows.order_by().query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    columns = [expression for expression, _, _ in compiler.select]
    read = [column.target.attname for column in columns]
    if read != COLUMNS or len(parameters) != 1 or compiler.get_converters(columns):
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    return str(text)


def _one(text: str, parameter: str | uuid.UUID) -> User | None:
    with connection.cursor() as cursor:
        cursor.execute(text, [parameter])
        row = cursor.fetchone()
    return None if row is None else User.from_db(DEFAULT_DB_ALIAS, COLUMNS, row)
