"""Reading people. Who was removed is nobody any more: only the id is left, for what names it."""

import uuid

from django.db.models import Q, QuerySet, Value
from django.db.models.functions import Concat

from accounts.models import User
from core.api.filters import validate_choice, validate_search
from core.problems import NotFound
from core.text.email_addresses import searchable_address_part

ORDERINGS = ("created_at", "email")
ACTIVITY = {"true": True, "false": False}


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
