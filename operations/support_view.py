"""What support sees of a tenant with an owner's consent (``settings.TENANT_SUPPORT_READER``).

Only these columns leave the tenant: no content of a file, no secret, no address of a device.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.models import Session, User
from accounts.sessions.expiry import active_sessions_q
from accounts.users.queries import existing_users
from audit.queries import EventFilter, find_events
from core.text.sizes import format_size
from files.filenames import shown_name
from files.models import File
from files.quota import usage_and_limits
from pages.people.labels import ROLE_LABELS
from tenants.context import TenantRef, tenant_context

PAGE_SIZE = 50
Rows = list[list[str]]


@dataclass(frozen=True, slots=True)
class Section:
    """One page of a section as texts; ``has_more`` tells whether another page follows."""

    columns: list[str]
    rows: Rows
    has_more: bool = False


def read_section(tenant: TenantRef, section: str, page: int) -> Section:
    """Return one page of a section. The caller has checked the access.

    Raises: KeyError for an unknown section.
    """
    reader = READERS[section]
    with tenant_context(tenant):
        return reader(page)


def _people(page: int) -> Section:
    columns = [_("Address"), _("Name"), _("Role"), _("Active"), _("Second factor"), _("Since")]

    def row(user: User) -> list[str]:
        return [
            user.email,
            user.full_name,
            str(ROLE_LABELS[User.Role(user.role)]),
            _yes_or_no(user.is_active),
            _yes_or_no(user.second_factor_at is not None),
            _time(user.created_at),
        ]

    return _page(columns, existing_users().order_by("-created_at", "-id"), row, page)


def _sessions(page: int) -> Section:
    columns = [_("Person"), _("Device"), _("Opened"), _("Last used"), _("Ends")]
    found = Session.objects.filter(active_sessions_q(timezone.now())).select_related("user")

    def row(session: Session) -> list[str]:
        times = (session.created_at, session.last_used_at, session.expires_at)
        return [session.user.email, session.user_agent, *(_time(each) for each in times)]

    return _page(columns, found.order_by("-last_used_at", "-id"), row, page)


def _files(page: int) -> Section:
    columns = [_("Name"), _("Size"), _("Type"), _("Version"), _("Person"), _("Changed")]
    found = File.objects.filter(deleted_at=None).select_related("owner", "current")

    def row(file: File) -> list[str]:
        current = file.current
        texts = [format_size(file.size), current.content_type, str(current.number)]
        return [shown_name(file.name), *texts, file.owner.email, _time(file.updated_at)]

    return _page(columns, found.order_by("-created_at", "-id"), row, page)


def _usage(page: int) -> Section:
    usage = usage_and_limits()
    measures: list[tuple[str, tuple[str, str, str], Callable[[int], str]]] = [
        (_("Storage"), ("used_bytes", "reserved_bytes", "storage_bytes"), format_size),
        (_("Objects"), ("used_objects", "reserved_objects", "storage_objects"), str),
    ]

    def text(amount: int | None, shown: Callable[[int], str]) -> str:
        return _("no limit") if amount is None else shown(amount)

    rows = [
        [label, *(text(usage[name], shown) for name in names)] for label, names, shown in measures
    ]
    return Section([_("What"), _("Used"), _("Reserved"), _("Limit")], rows)


def _audit(page: int) -> Section:
    columns = [_("Time"), _("Action"), _("Who"), _("What")]

    def row(event: Any) -> list[str]:
        who, what = event.actor_label or event.actor_type, event.target_label or event.target_type
        return [_time(event.at), event.action, who, shown_name(what)]

    return _page(columns, find_events(EventFilter()), row, page)


READERS: dict[str, Callable[[int], Section]] = {
    "people": _people,
    "sessions": _sessions,
    "files": _files,
    "usage": _usage,
    "audit": _audit,
}


def _page(columns: list[str], found: Any, row: Callable[[Any], list[str]], page: int) -> Section:
    start = (page - 1) * PAGE_SIZE
    rows = list(found[start : start + PAGE_SIZE + 1])
    shown = [row(each) for each in rows[:PAGE_SIZE]]
    return Section(columns, shown, has_more=len(rows) > PAGE_SIZE)


def _time(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


def _yes_or_no(value: bool) -> str:
    return _("yes") if value else _("no")
