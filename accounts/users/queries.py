"""Queries for users: lists for managers, and look-ups for a log-in.

Removed users are not found: only their id is left, for the files and audit events that name it.

The look-ups are compiled once per process, as in accounts/authentication.py: compiling
takes longer than the query, and many log-ins at once need the time for hashing.
"""

import uuid
from functools import cache

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat, Lower
from django.db.models.lookups import Exact, In

from accounts.models import Session, User
from audit.services import Actor, Target
from core.api.filters import validate_choice, validate_search
from core.db_backend.queries import compiled_select
from core.problems import NotFound
from core.text.email_addresses import address_key, lowercased_address, searchable_address_part

ORDERINGS = ("created_at", "email")
ACTIVITY = {"true": True, "false": False}
USER_COLUMNS = [field.attname for field in User._meta.concrete_fields]


def existing_users() -> QuerySet[User]:
    """Return the users of the tenant that are not removed, active or not."""
    return User.objects.filter(removed_at__isnull=True)


def get_user(user_id: uuid.UUID) -> User:
    """Return a user of the tenant. Raises: NotFound."""
    found = existing_users().filter(pk=user_id).first()
    if found is None:
        raise NotFound
    return found


def search_users(*, search: str = "", role: str = "", is_active: str = "") -> QuerySet[User]:
    """Return the users whose address or name contains ``search``, ignoring case.

    ``role`` and ``is_active`` ("true", "false") filter further.

    Raises: ValidationFailed.
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


def find_user_by_email(email: str) -> User | None:
    """Return the user with an address in its stored form. Takes the same time without a match."""
    return _fetch_first(_by_email_sql(), email)


def find_user_by_typed_email(text: str) -> User | None:
    """Return the user with an address as it was typed. Takes the same time without a match.

    The canonical form is compared. A user whose row could not be rewritten to it is found by the
    spelling in the row (docs/decisions/0021-email-addresses.md).
    """
    typed = lowercased_address(text)
    found = _fetch_all(_by_spellings_sql(), typed, address_key(text))
    as_typed = [user for user in found if user.email.lower() == typed]
    return next(iter([*as_typed, *found]), None)


def lock_user(user_id: uuid.UUID) -> User | None:
    """Return the user with the row locked, but not against foreign keys to it."""
    return _fetch_first(_by_id_locked_sql(), user_id)


@cache
def _by_email_sql() -> str:
    # The expression of the unique index: a plain comparison would read the whole table.
    return _compiled(User.objects.filter(Exact(Lower("email"), "")), 1)


@cache
def _by_spellings_sql() -> str:
    return _compiled(User.objects.filter(In(Lower("email"), ["a", "b"])), 2)


@cache
def _by_id_locked_sql() -> str:
    rows = User.objects.select_for_update(no_key=True).filter(pk=uuid.UUID(int=0))
    return _compiled(rows, 1)


def _compiled(rows: QuerySet[User], parameter_count: int) -> str:
    return compiled_select(rows.order_by(), USER_COLUMNS, parameter_count)


def _fetch_first(text: str, *parameters: str | uuid.UUID) -> User | None:
    return next(iter(_fetch_all(text, *parameters)), None)


def _fetch_all(text: str, *parameters: str | uuid.UUID) -> list[User]:
    with connection.cursor() as cursor:
        cursor.execute(text, parameters)
        rows = cursor.fetchall()
    return [User.from_db(DEFAULT_DB_ALIAS, USER_COLUMNS, row) for row in rows]


# References to users and sessions in the audit trail.


def user_actor(user: User) -> Actor:
    """Return a user as the actor of an audit event."""
    return Actor("user", str(user.id), user.email)


def user_target(user: User) -> Target:
    """Return a user as the target of an audit event."""
    return Target("user", str(user.id), user.email)


def session_target(session: Session, user: User | None = None) -> Target:
    """Return a session as the target of an audit event, labelled with its user's address.

    ``user`` spares a query where ``session.user`` is not loaded.
    """
    return Target("session", str(session.id), (user or session.user).email)
