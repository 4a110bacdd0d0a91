"""The first steps of a new workspace, for its owners and administrators.

Each step is computed from data. The list disappears when all are done, and a user can hide it
before: a cookie remembers that, since it is no fact about the workspace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, User
from accounts.users.queries import existing_users
from core.db_backend.scope import PUBLIC, use_scope
from files.home_summary import has_files
from tenants.context import current_tenant
from tenants.domains.services import domains_of
from tenants.models import Domain

COOKIE_SECONDS = 365 * 86400


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do, where, and whether it is done."""

    title: Any
    text: Any
    url: str
    is_done: bool


def checklist_for(request: HttpRequest, person: User) -> list[Step]:
    """Return the steps, or nothing for members, when all are done, and when the user hid them."""
    if not person.manages or request.COOKIES.get(settings.CHECKLIST_COOKIE_NAME) == _mark(person):
        return []
    steps = list(_steps(person))
    return [] if all(step.is_done for step in steps) else steps


def hide_checklist(response: HttpResponse, person: User) -> None:
    """Remember in the browser that the user hid the steps."""
    response.set_cookie(
        settings.CHECKLIST_COOKIE_NAME,
        _mark(person),
        max_age=COOKIE_SECONDS,
        secure=settings.BROWSER_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _mark(person: User) -> str:
    return person.pk.hex


def _steps(person: User) -> Iterator[Step]:
    yield Step(
        _("Invite your colleagues"),
        _("By e-mail or with a link that you pass on."),
        "/people",
        _has_colleagues(person),
    )
    yield Step(
        _("Upload a first file"),
        _("Drag it into the page, or choose it. Large files continue after an interruption."),
        "/files",
        has_files(),
    )
    yield Step(
        _("Protect your account with a second factor"),
        _("A code from an app on your phone, besides the password."),
        "/me/security",
        person.second_factor_at is not None,
    )
    yield Step(
        _("Use your own domain"),
        _("Your people then find the workspace at a domain of your agency."),
        "/settings/domains",
        _has_own_domain(),
    )


def _has_colleagues(person: User) -> bool:
    return existing_users().exclude(pk=person.pk).exists() or Invitation.objects.exists()


def _has_own_domain() -> bool:
    with use_scope(PUBLIC):
        own = domains_of(current_tenant().id).filter(kind=Domain.Kind.CUSTOM)
        return own.filter(verified_at__isnull=False).exists()
