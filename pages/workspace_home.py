"""The start page of a workspace: for visitors the name and the log-in, for users their work."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.invitations.acceptance import registration_is_open
from accounts.invitations.queries import count_pending_invitations
from accounts.models import User
from accounts.own_tenant.support import open_own_support_accesses
from accounts.permissions import ACTIONS
from files.home_summary import (
    SHOWN_SHARES,
    count_unfinished_uploads,
    own_storage,
    recent_files,
    shown_shares,
)
from files.quota import usage_and_limits
from pages.base import page
from pages.checklist import checklist_for, hide_checklist
from pages.members import (
    browser_session,
    current_person,
    member_page,
    redirect_with_notice,
    render_member_page,
)

NOTICES = {
    "opened": _("Your workspace is ready."),
    "joined": _("You have joined the workspace."),
    "verified": _("Your e-mail address is verified."),
    "hidden": _("The list of first steps is hidden."),
}


def workspace_home(request: HttpRequest) -> HttpResponse:
    """Show the home page of the user, or the public page to a visitor.

    The public page is no redirect to the log-in, so that previews of the address show the name.
    """
    has_session = browser_session(request).session is not None
    return _user_home(request) if has_session else _public_home(request)


# Pages without a form need no CSRF token, so a wrong method gets 405 (pages/base.py).
workspace_home.csrf_exempt = True  # type: ignore[attr-defined]


@page()
def _public_home(request: HttpRequest) -> HttpResponse:
    return render(request, "home/public.html", {"is_open": registration_is_open()})


@member_page()
def _user_home(request: HttpRequest) -> HttpResponse:
    context = _home_context(request, current_person(request))
    return render_member_page(request, "home/home.html", context, nav="home", notices=NOTICES)


@member_page("GET", "POST")
def hide_checklist_page(request: HttpRequest) -> HttpResponse:
    """Hide the first steps for this user in this browser; GET only leads to the home page."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("workspace"), status=303)
    response = redirect_with_notice(reverse("workspace"), "hidden")
    hide_checklist(response, current_person(request))
    return response


def _home_context(request: HttpRequest, person: User) -> dict[str, Any]:
    shares = list(shown_shares(person))
    return {
        "checklist": checklist_for(request, person),
        "files": recent_files(person),
        "own": own_storage(person),
        "quota": usage_and_limits() if person.manages else None,
        "shares": shares,
        "has_more_shares": len(shares) == SHOWN_SHARES,
        "unfinished_uploads": count_unfinished_uploads(person),
        "must_change_password": person.password_change_required,
        "can_verify": person.email_verified_at is None,
        "pending_invitations": count_pending_invitations() if person.manages else 0,
        "support": _support(person),
    }


def _support(person: User) -> list[Any]:
    """Return what support asks for or may see, for those who decide about it."""
    decides = person.role in ACTIONS["support:grant"].roles
    return open_own_support_accesses() if decides else []
