"""Rendering of the pages of people."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from pages.members import render_member_page
from pages.people.labels import ROLE_LABELS

NOTICES = {
    "saved": _("The change is saved."),
    "role": _("The role is changed. It counts from the next request of that person on."),
    "deactivated": _("Deactivated. All sessions of that person have ended."),
    "reactivated": _("Reactivated. That person can log in again."),
    "removed": _("Removed. That person has no access any more."),
    "erased": _("Removed, and erased from the audit trail."),
    "factor_reset": _("The second factor is removed. That person logs in with the password alone."),
    "sessions_ended": _("All sessions of that person have ended."),
    "invited": _("The invitation is on its way."),
    "resent": _("The invitation is on its way again, with a new link."),
    "revoked": _("The invitation is revoked. Its link is void."),
}


def render_people_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page of people."""
    return render_member_page(
        request, template, context, nav="people", notices=NOTICES, status=status
    )


def person_facts(user: User) -> dict[str, Any]:
    """Return what lists and pages show of a user."""
    return {
        "user": user,
        "name": user.full_name or user.email,
        "role": ROLE_LABELS[User.Role(user.role)],
        "url": reverse("person", args=[user.pk]),
    }


def people_crumbs(*further: tuple[str, str]) -> list[dict[str, str]]:
    """Return breadcrumbs that begin with the list of people."""
    crumbs = [(gettext("People"), reverse("people")), *further]
    return [{"title": title, "url": url} for title, url in crumbs]
