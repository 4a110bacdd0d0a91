"""Rendering of the pages of the own account."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from pages.members import render_member_page

SECTIONS = (
    ("my-account", _("Profile")),
    ("my-email", _("E-mail address")),
    ("my-password", _("Password")),
    ("my-second-factor", _("Second factor")),
    ("my-sessions", _("Sessions and devices")),
    ("my-data", _("Your data")),
)
NOTICES = {
    "saved": _("Your changes are saved."),
    "email_mailed": _(
        "A link is on its way to the new address. It changes when you open the link."
    ),
    "password": _("Your new password is set. Your other sessions have ended."),
    "factor_exists": _("You have a second factor already."),
    "factor_removed": _("The second factor is removed."),
    "session_ended": _("That session has ended."),
    "others_ended": _("Your other sessions have ended."),
}


def render_own_page(
    request: HttpRequest,
    template: str,
    context: Mapping[str, Any],
    *,
    section: str,
    status: int = 200,
) -> HttpResponse:
    """Render a page of the own account; ``section`` is the route of its entry at the side."""
    sections = [
        {"url": reverse(name), "title": title, "current": name == section}
        for name, title in SECTIONS
    ]
    return render_member_page(
        request,
        template,
        {"sections": sections, **context},
        nav="me",
        notices=NOTICES,
        status=status,
    )
