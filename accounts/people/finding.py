"""Finding a person for a log-in: by address, and again under a lock.

Django compiles each of the two queries once in a process, as in accounts/sessions/lookup.py:
compiling takes longer than asking, and a storm of log-ins is to spend its time on hashing.
"""

import uuid
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, In

from accounts.models import User
from core.text.email_addresses import address_key, typed_address

COLUMNS = [field.attname for field in User._meta.concrete_fields]


def person_with_email(email: str) -> User | None:
    """Return who has the address, in the form that is stored. Costs the same for nobody."""
    return _first(_by_email(), email)


def person_with_spelling(text: str) -> User | None:
    """Return who has an address as somebody typed it. Costs the same for nobody.

    The canonical form counts. A person whose row could not be rewritten to it is found by the
    spelling that the row has kept (docs/decisions/0021-email-addresses.md).
    """
    typed = typed_address(text)
    found = _all(_by_spellings(), typed, address_key(text))
    as_typed = [person for person in found if person.email.lower() == typed]
    return next(iter([*as_typed, *found]), None)


def locked_person(user_id: uuid.UUID) -> User | None:
    """Return the person with their row locked, though not against foreign keys to it."""
    return _first(_by_id_locked(), user_id)


@cache
def _by_email() -> str:
    # As the unique index has it: a plain comparison would read the whole table.
    return _compiled(User.objects.filter(Exact(Lower("email"), "")), 1)


@cache
def _by_spellings() -> str:
    return _compiled(User.objects.filter(In(Lower("email"), ["a", "b"])), 2)


@cache
def _by_id_locked() -> str:
    rows = User.objects.select_for_update(no_key=True).filter(pk=uuid.UUID(int=0))
    return _compiled(rows, 1)


def _compiled(rows: QuerySet[User], parameter_count: int) -> str:
    """Return the SQL of a query. Raises RuntimeError for another number of parameters."""
    compiler = rows.order_by().query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    columns = [expression for expression, _, _ in compiler.select]
    read = [column.target.attname for column in columns]
    expected = (COLUMNS, parameter_count)
    if (read, len(parameters)) != expected or compiler.get_converters(columns):
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    return str(text)


def _first(text: str, *parameters: str | uuid.UUID) -> User | None:
    return next(iter(_all(text, *parameters)), None)


def _all(text: str, *parameters: str | uuid.UUID) -> list[User]:
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        rows = cursor.fetchall()
    return [User.from_db(DEFAULT_DB_ALIAS, COLUMNS, row) for row in rows]
