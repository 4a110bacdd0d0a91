"""Limits of the admin's sessions: an absolute lifetime and an idle timeout.

OWASP ASVS 5.0, 7.3.1 and 7.3.2; NIST SP 800-63B-4, 2.2.3 requires at most an hour of inactivity.
"""

import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from audit.services import record
from staff.actors import actor_of, target_of

LAST_REQUEST_AT = "last_request_at"
# Each write costs a statement and a new cookie.
WRITE_EVERY_SECONDS = 60


def start_session(session: SessionBase) -> None:
    """Set the absolute end of a session at its log-in; later saves do not extend it."""
    session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
    session[LAST_REQUEST_AT] = int(time.time())


def end_idle_session(request: HttpRequest) -> None:
    """End the session if it was idle for too long, otherwise store the time of the request."""
    user: Any = request.user
    if not user.is_authenticated:
        return
    now = int(time.time())
    idle = now - request.session.get(LAST_REQUEST_AT, now - WRITE_EVERY_SECONDS)
    if idle >= settings.STAFF_IDLE_SECONDS:
        record("staff.session_idle", actor=actor_of(user), target=target_of(user), seconds=idle)
        request.session.flush()
        request.user = AnonymousUser()
    elif idle >= WRITE_EVERY_SECONDS:
        request.session[LAST_REQUEST_AT] = now
