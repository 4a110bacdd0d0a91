"""Settings: access of the platform's support, which only an owner grants, refuses and ends."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.own_tenant.support import (
    end_support_access,
    get_own_support_access,
    grant_support_access,
    own_support_accesses,
    refuse_support_access,
)
from accounts.permissions import ACTIONS
from core.problems import Problem
from core.text.translation import translated
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.workspace.rendering import render_settings
from tenants.problems import SupportAccessClosed
from tenants.support_access.models import MAX_HOURS, AccessState, SupportAccess

TAB = "settings-support"


class GrantForm(PageForm):
    """For how long support may see the workspace."""

    hours = forms.IntegerField(
        label=_("Hours"),
        min_value=1,
        max_value=MAX_HOURS,
        help_text=_("At most 24. You can end the access at any moment."),
    )


@member_page("GET", action="support:read")
def support_page(request: HttpRequest) -> HttpResponse:
    """List the requests and accesses."""
    return _render(request)


@member_page("GET", "POST", action="support:grant")
def grant_support_page(request: HttpRequest, access_id: uuid.UUID) -> HttpResponse:
    """Show the request and ask for how long, or grant it."""
    access = get_own_support_access(access_id)
    if access.state_at(timezone.now()) is not AccessState.REQUESTED:
        return _closed(request, SupportAccessClosed())
    is_sent = request.method == "POST"
    form = GrantForm(request.POST if is_sent else None, initial={"hours": access.hours})
    if not is_sent or not form.is_valid():
        return _render_grant(request, access, form, status=400 if is_sent else 200)
    try:
        hours = form.cleaned_data["hours"]
        grant_support_access(access_id, hours=hours, by=current_person(request))
    except SupportAccessClosed as problem:
        return _closed(request, problem)
    return redirect_with_notice(reverse(TAB), "support_granted")


@member_page("POST", action="support:refuse")
def refuse_support_page(request: HttpRequest, access_id: uuid.UUID) -> HttpResponse:
    """Refuse a request."""
    try:
        refuse_support_access(access_id, by=current_person(request))
    except SupportAccessClosed as problem:
        return _closed(request, problem)
    return redirect_with_notice(reverse(TAB), "support_refused")


@member_page("POST", action="support:end")
def end_support_page(request: HttpRequest, access_id: uuid.UUID) -> HttpResponse:
    """End an access at once."""
    end_support_access(access_id, by=current_person(request))
    return redirect_with_notice(reverse(TAB), "support_ended")


def _closed(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Show the list as it is now: another owner was faster, or the request has ended."""
    return with_problem_status(_render(request, said=translated(problem.detail)), problem)


def _render(request: HttpRequest, *, said: str = "") -> HttpResponse:
    now = timezone.now()
    rows = [(access, access.state_at(now)) for access in own_support_accesses()]
    context = {
        "said": said,
        "may_decide": current_person(request).role in ACTIONS["support:grant"].roles,
        "waiting": [access for access, state in rows if state is AccessState.REQUESTED],
        "active": [access for access, state in rows if state is AccessState.ACTIVE],
        "ended": [access for access, state in rows if state is AccessState.ENDED],
    }
    return render_settings(request, "settings/support.html", context, tab=TAB)


def _render_grant(
    request: HttpRequest, access: SupportAccess, form: PageForm, *, status: int
) -> HttpResponse:
    text = gettext("%(who)s of the support asks to see this workspace: %(reason)s")
    context: dict[str, Any] = {
        "form": form,
        "title": gettext("Grant access to support"),
        "text": text % {"who": access.staff_label, "reason": access.reason},
        "action": gettext("Grant access"),
        "cancel_url": reverse(TAB),
    }
    return render_settings(request, "settings/support_grant.html", context, tab=TAB, status=status)
