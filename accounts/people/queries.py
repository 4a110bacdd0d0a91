"""Reading people. Who was removed is nobody any more: only the id is left, for what names it."""

import unicodedata
import uuid

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from accounts.models import User
from core.problems import FieldError, NotFound, ValidationFailed

ORDERINGS = ("created_at", "email")
NEWEST_FIRST = "-created_at"
ACTIVITY = {"true": True, "false": False}
LONGEST_SEARCH = 255


def readable_people() -> QuerySet[User]:
    """Return the people of the tenant, active or not."""
    return User.objects.filter(removed_at__isnull=True)


def readable_person(person_id: uuid.UUID) -> User:
    """Return a person of the tenant. Raises NotFound."""
    found = readable_people().filter(pk=person_id).first()
    if found is None:
        raise NotFound
    return found


def find_people(*, search: str = "", role: str = "", is_active: str = "") -> QuerySet[User]:
    """Return the people whose address or name contains ``search``, without case.

    ``role`` and ``is_active`` ("true", "false") narrow it further. Raises ValidationFailed.
    """
    wanted = unicodedata.normalize("NFC", search)
    _require(len(wanted) <= LONGEST_SEARCH and "\0" not in wanted, "search", _SEARCH)
    _require(not role or role in User.Role.values, "role", _ROLE)
    _require(not is_active or is_active in ACTIVITY, "is_active", "Say true or false.")
    found = readable_people()
    if wanted:
        named = Concat("first_name", Value(" "), "last_name")
        contains = Q(email__icontains=wanted) | Q(named__icontains=wanted)
        found = found.alias(named=named).filter(contains)
    if role:
        found = found.filter(role=role)
    return found.filter(is_active=ACTIVITY[is_active]) if is_active else found


def checked_ordering(asked: str) -> str:
    """Return the ordering asked for, newest first if none is. Raises ValidationFailed."""
    _require(not asked or asked.removeprefix("-") in ORDERINGS, "ordering", _ORDERING)
    return asked or NEWEST_FIRST


_SEARCH = f"Give at most {LONGEST_SEARCH} characters, and no null character."
_ROLE = f"Choose {', '.join(User.Role.values)}."
_ORDERING = f"Order by {', '.join(ORDERINGS)}; - in front reverses."


def _require(kept: bool, field: str, rule: str) -> None:
    if not kept:
        raise ValidationFailed(errors=[FieldError(field, "invalid", rule)])
