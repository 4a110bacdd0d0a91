"""The only doors to sessions, and ending one by hand. What is not one's own does not exist."""

import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.actors import user_actor
from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q, session_end
from accounts.sessions.services import end_session, end_user_sessions
from accounts.users.ownership import lock_owners, locked_actor, locked_user
from accounts.users.permissions import check_permission
from core.api.filters import validate_choice
from core.problems import NotFound

LIVING, ENDED, ALL = "living", "ended", "all"
STATES = (LIVING, ENDED, ALL)


def user_sessions(user: User, *, state: str = LIVING) -> QuerySet[Session]:
    """Return a person's sessions: ``living``, ``ended`` or ``all``. Raises ValidationFailed.

    What ran out counts as ended, whether its row says so yet or not.
    """
    rows = Session.objects.filter(user=user)
    if validate_choice("state", state, STATES) == ALL:
        return rows
    living = active_sessions_q(timezone.now())
    return rows.filter(living) if state == LIVING else rows.exclude(living)


def get_own_session(user: User, session_id: uuid.UUID) -> Session:
    """Return one of a person's sessions, ended or not. Raises NotFound."""
    found = Session.objects.filter(user=user, pk=session_id).first()
    if found is None:
        raise NotFound
    return found


def end_own_session(user: User, session_id: uuid.UUID, *, check: Callable[[Session], None]) -> None:
    """End one of a person's sessions; ending it again changes nothing.

    ``check`` sees the locked row and may raise. Raises NotFound.
    """
    with transaction.atomic():
        rows = Session.objects.select_for_update(of=("self",)).select_related("user")
        session = rows.filter(user=user, pk=session_id).first()
        if session is None:
            raise NotFound
        check(session)
        if session_end(session, timezone.now()) is None:
            end_session(session, Session.End.REVOKED, actor=user_actor(user))


def end_sessions_of_user(person_id: uuid.UUID, *, by: User) -> int:
    """End every session of a person and return how many there were.

    Raises NotFound, PermissionRefused (accounts/users/permissions.py), and TokenInvalid if ``by``
    is out.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, person_id)
        actor, person = locked_actor(locked, by), locked_user(locked, person_id)
        check_permission("end_sessions", actor, person)
        return end_user_sessions(person, Session.End.REVOKED, actor=user_actor(actor))
