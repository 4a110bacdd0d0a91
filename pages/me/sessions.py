"""The own sessions: on which devices, and ending them."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from accounts.models import Session
from accounts.sessions.expiry import session_end
from accounts.sessions.queries import ACTIVE, ENDED, end_own_session, user_sessions
from accounts.sessions.services import end_other_sessions
from accounts.users.queries import user_actor
from pages.auth.login import END_REASONS, close_browser_session
from pages.lists import paginate
from pages.me.rendering import render_own_page
from pages.me.user_agents import device_of
from pages.members import (
    current_page_session,
    current_person,
    member_page,
    redirect_with_notice,
)

RECENTLY_ENDED = 10
LAST_USED_FIRST = "-last_used_at"


@member_page(admitted=False)
def my_sessions_page(request: HttpRequest) -> HttpResponse:
    """Show the active sessions, last used first, and those that ended recently."""
    user, current = current_person(request), current_page_session(request)
    others = user_sessions(user, state=ACTIVE).exclude(pk=current.pk)
    page = paginate(request, others, ordering=LAST_USED_FIRST, shown=session_row)
    ended = user_sessions(user, state=ENDED).order_by("-last_used_at", "-pk")[:RECENTLY_ENDED]
    own = user_sessions(user, state=ACTIVE).get(pk=current.pk)
    context = {
        "current": session_row(own),
        "page": page,
        "ended": [{**session_row(row), **_end_of(row)} for row in ended],
    }
    return render_own_page(request, "me/sessions.html", context, section="my-sessions")


@member_page("GET", "POST", admitted=False)
def end_session_page(request: HttpRequest, session_id: uuid.UUID) -> HttpResponse:
    """End one of the own sessions. Ending the current one is a log-out."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("my-sessions"))
    end_own_session(current_person(request), session_id, check=lambda _: None)
    if session_id == current_page_session(request).pk:
        return close_browser_session(request)
    return redirect_with_notice(reverse("my-sessions"), "session_ended")


@member_page("GET", "POST", admitted=False)
def end_other_sessions_page(request: HttpRequest) -> HttpResponse:
    """End all sessions of the user but the current one."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("my-sessions"))
    session = current_page_session(request)
    end_other_sessions(session, Session.End.REVOKED, actor=user_actor(session.user))
    return redirect_with_notice(reverse("my-sessions"), "others_ended")


def session_row(session: Session) -> dict[str, Any]:
    """Return what a page shows of a session."""
    return {"session": session, "device": device_of(session.user_agent)}


def _end_of(session: Session) -> dict[str, Any]:
    end = session_end(session, timezone.now())
    return {"ended_at": end.at, "reason": END_REASONS.get(end.reason, "")} if end else {}
