"""Access to a user's own sessions, and ending them on request."""

import uuid
from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q, session_end
from accounts.sessions.services import end_session, end_user_sessions
from accounts.users.ownership import lock_owners, locked_actor, locked_user
from accounts.users.permissions import check_permission
from accounts.users.queries import user_actor
from core.api.filters import validate_choice
from core.problems import NotFound

# Values of the query parameter ``state``. In the API an active session is ``living``.
ACTIVE, ENDED, ALL = "living", "ended", "all"
STATES = (ACTIVE, ENDED, ALL)


def user_sessions(user: User, *, state: str = ACTIVE) -> QuerySet[Session]:
    """Return a user's sessions in one state: ``living``, ``ended`` or ``all``.

    An expired session counts as ended, also if its row is not marked yet.

    Raises: ValidationFailed.
    """
    rows = Session.objects.filter(user=user)
    if validate_choice("state", state, STATES) == ALL:
        return rows
    active = active_sessions_q(timezone.now())
    return rows.filter(active) if state == ACTIVE else rows.exclude(active)


def get_own_session(user: User, session_id: uuid.UUID) -> Session:
    """Return one of a user's sessions, active or ended. Raises: NotFound."""
    session = Session.objects.filter(user=user, pk=session_id).first()
    if session is None:
        raise NotFound
    return session


def end_own_session(user: User, session_id: uuid.UUID, *, check: Callable[[Session], None]) -> None:
    """End one of a user's sessions. Ending it again changes nothing.

    ``check`` gets the locked row and may raise. Raises: NotFound.
    """
    with transaction.atomic():
        rows = Session.objects.select_for_update(of=("self",)).select_related("user")
        session = rows.filter(user=user, pk=session_id).first()
        if session is None:
            raise NotFound
        check(session)
        if session_end(session, timezone.now()) is None:
            end_session(session, Session.End.REVOKED, actor=user_actor(user))


def end_sessions_of_user(user_id: uuid.UUID, *, by: User) -> int:
    """End all sessions of another user and return their number.

    Raises: NotFound; PermissionRefused; ProofRequired; TokenInvalid if ``by`` is inactive by now.
    """
    with transaction.atomic():
        locked = lock_owners(by.pk, user_id)
        actor, user = locked_actor(locked, by), locked_user(locked, user_id)
        check_permission("end_sessions", actor, user)
        return end_user_sessions(user, Session.End.REVOKED, actor=user_actor(actor))
