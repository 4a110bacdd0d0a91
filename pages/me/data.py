"""The own data: a copy of it, and leaving the workspace."""

import uuid
from typing import cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse

from accounts.models import User
from accounts.problems import LastOwner
from accounts.users.data_export import export_user
from accounts.users.erasure import leave_tenant
from accounts.users.ownership import has_another_owner, is_active_owner
from core.rate_limits.limits import consume
from pages.base import with_problem_status
from pages.me.rendering import render_own_page
from pages.members import browser_session, current_person, member_page, redirect_with_notice
from tenants.context import current_tenant


# Also before the tenant's requirements are met: the user has a right to the data.
@member_page("GET", "POST", admitted=False)
def my_data_page(request: HttpRequest) -> HttpResponse:
    """Show what can be done with the own data; POST sends a copy of it."""
    user = current_person(request)
    if request.method == "POST":
        return export_response(user.id, by=user)
    return render_own_page(
        request, "me/data.html", {"is_last_owner": is_last_owner(user)}, section="my-data"
    )


@member_page("GET", "POST", action="me:leave", admitted=False)
def leave_page(request: HttpRequest) -> HttpResponse:
    """Ask first, then remove the user from the workspace."""
    user = current_person(request)
    if request.method != "POST":
        return _render_leave(request, user)
    try:
        leave_tenant(user)
    except LastOwner as problem:
        return with_problem_status(_render_leave(request, user), problem)
    browser_session(request).close()
    return redirect_with_notice(reverse("login-page"), "left")


def is_last_owner(user: User) -> bool:
    """Return whether the workspace would have no active owner without the user."""
    return is_active_owner(user) and not has_another_owner(user)


def export_response(user_id: uuid.UUID, *, by: User) -> HttpResponse:
    """Return a user's data as a file. Raises: RateLimited, NotFound, PermissionRefused."""
    consume("export", str(current_tenant().id), str(by.id))
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="personal-data-{user_id}.json"',
        "Cache-Control": "no-store",
    }
    response = StreamingHttpResponse(export_user(user_id, by=by), headers=headers)
    return cast("HttpResponse", response)  # Django accepts both from a view


def _render_leave(request: HttpRequest, user: User) -> HttpResponse:
    context = {"is_last_owner": is_last_owner(user), "files": user.files.count()}
    return render_own_page(request, "me/leave.html", context, section="my-data")
