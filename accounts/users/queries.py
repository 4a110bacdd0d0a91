"""Reading people. Who was removed is nobody any more: only the id is left, for what names it."""

import uuid
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, Lower
from django.db.models.lookups import Exact, In

from accounts.models import User
from core.api.filters import validate_choice, validate_search
from core.problems import NotFound
from core.text.email_addresses import address_key, lowercased_address, searchable_address_part

ORDERINGS = ("created_at", "email")


ACTIVITY = {"true": True, "false": False}


USER_COLUMNS = [field.attname for field in User._meta.concrete_fields]


def existing_users() -> QuerySet[User]:
    """Return the people of the tenant, active or not."""
    return User.objects.filter(removed_at__isnull=True)


def get_user(person_id: uuid.UUID) -> User:
    """Return a person of the tenant. Raises NotFound."""
    found = existing_users().filter(pk=person_id).first()
    if found is None:
        raise NotFound
    return found


def search_users(*, search: str = "", role: str = "", is_active: str = "") -> QuerySet[User]:
    """Return the people whose address or name contains ``search``, without case.

    ``role`` and ``is_active`` ("true", "false") narrow it further. Raises ValidationFailed.
    """
    wanted, found = validate_search(search), existing_users()
    if wanted:
        named = Concat("first_name", Value(" "), "last_name")
        by_address = Q(email__folded_contains=searchable_address_part(wanted))
        contains = by_address | Q(named__folded_contains=wanted)
        found = found.alias(named=named).filter(contains)
    if role:
        found = found.filter(role=validate_choice("role", role, User.Role.values))
    if is_active:
        active = ACTIVITY[validate_choice("is_active", is_active, ACTIVITY)]
        found = found.filter(is_active=active)
    return found


# Finding a person for a log-in: by address, and again under a lock.
#
# Django compiles each of the two queries once in a process, as in accounts/sessions/lookup.py:
# compiling takes longer than asking, and a storm of log-ins is to spend its time on hashing.


def find_user_by_email(email: str) -> User | None:
    """Return who has the address, in the form that is stored. Costs the same for nobody."""
    return _fetch_first(_by_email_sql(), email)


def find_user_by_typed_email(text: str) -> User | None:
    """Return who has an address as somebody typed it. Costs the same for nobody.

    The canonical form counts. A person whose row could not be rewritten to it is found by the
    spelling that the row has kept (docs/decisions/0021-email-addresses.md).
    """
    typed = lowercased_address(text)
    found = _fetch_all(_by_spellings_sql(), typed, address_key(text))
    as_typed = [person for person in found if person.email.lower() == typed]
    return next(iter([*as_typed, *found]), None)


def lock_user(user_id: uuid.UUID) -> User | None:
    """Return the person with their row locked, though not against foreign keys to it."""
    return _fetch_first(_by_id_locked_sql(), user_id)


@cache
def _by_email_sql() -> str:
    # As the unique index has it: a plain comparison would read the whole table.
    return _compiled(User.objects.filter(Exact(Lower("email"), "")), 1)


@cache
def _by_spellings_sql() -> str:
    return _compiled(User.objects.filter(In(Lower("email"), ["a", "b"])), 2)


@cache
def _by_id_locked_sql() -> str:
    rows = User.objects.select_for_update(no_key=True).filter(pk=uuid.UUID(int=0))
    return _compiled(rows, 1)


def _compiled(rows: QuerySet[User], parameter_count: int) -> str:
    """Return the SQL of a query. Raises RuntimeError for another number of parameters."""
    compiler = rows.order_by().query.get_compiler(DEFAULT_DB_ALIAS)
    text, parameters = compiler.as_sql()
    columns = [expression for expression, _, _ in compiler.select]
    read = [column.target.attname for column in columns]
    expected = (USER_COLUMNS, parameter_count)
    if (read, len(parameters)) != expected or compiler.get_converters(columns):
        raise RuntimeError(f"The query has other columns or parameters: {text}")
    return str(text)


def _fetch_first(text: str, *parameters: str | uuid.UUID) -> User | None:
    return next(iter(_fetch_all(text, *parameters)), None)


def _fetch_all(text: str, *parameters: str | uuid.UUID) -> list[User]:
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        rows = cursor.fetchall()
    return [User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, row) for row in rows]
