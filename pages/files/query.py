"""The query of the list of files: folder, search, filters, order, view and page."""

from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

DEFAULT_SORT = "name"
VIEWS = ("list", "grid")
VIEW_COOKIE = "aggios_files_view"
SINCE_DAYS = {"day": 1, "week": 7, "month": 31, "year": 366}
KIND_NAMES = {
    "image": _("Images"),
    "document": _("Documents"),
    "video": _("Videos"),
    "audio": _("Audio"),
    "archive": _("Archives"),
    "other": _("Other kinds"),
}
SINCE_NAMES = {
    "day": _("Last 24 hours"),
    "week": _("Last 7 days"),
    "month": _("Last 31 days"),
    "year": _("Last 12 months"),
}


@dataclass(frozen=True, slots=True)
class FilesQuery:
    """The parameters of the page, as sent. The services validate those that they get."""

    path: str = ""
    search: str = ""
    kind: str = ""
    person: str = ""
    since: str = ""
    sort: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, request: HttpRequest) -> "FilesQuery":
        """Return the query of a request."""
        sent = request.GET
        return cls(**{field.name: sent.get(field.name, "").strip() for field in fields(cls)})

    @property
    def is_filtered(self) -> bool:
        """Whether files at any depth are searched, instead of one folder listed."""
        return bool(self.search or self.kind or self.owner or self.since_time)

    @property
    def owner(self) -> UUID | None:
        """The person whose files are wanted; None for all. No one has the id of an invalid text."""
        try:
            return UUID(self.person) if self.person else None
        except ValueError:
            return UUID(int=0)

    @property
    def filter_count(self) -> int:
        """How many filters are set, without the search."""
        return sum(bool(value) for value in (self.kind, self.person, self.since))

    @property
    def since_time(self) -> datetime | None:
        """The time after which a file must have been added; None for any."""
        days = SINCE_DAYS.get(self.since)
        return timezone.now() - timedelta(days=days) if days else None

    @property
    def url(self) -> str:
        """The address of the page."""
        return files_url(**{field.name: getattr(self, field.name) for field in fields(self)})

    def url_with(self, **changes: str) -> str:
        """Return the address of the page with other parameters, at its first page."""
        return replace(self, **{"cursor": "", **changes}).url

    def sort_url(self, column: str) -> str:
        """Return the address of the list in the order of a column; the same column reverses."""
        current = self.sort or DEFAULT_SORT
        first = column if column == "name" else f"-{column}"
        if current.removeprefix("-") == column:
            first = column if current.startswith("-") else f"-{column}"
        return self.url_with(sort=first)

    def aria_sort(self, column: str) -> str:
        """Return the direction of a column for ``aria-sort``; empty for other columns."""
        current = self.sort or DEFAULT_SORT
        if current.removeprefix("-") != column:
            return ""
        return "descending" if current.startswith("-") else "ascending"


def files_url(**parameters: Any) -> str:
    """Return the address of the list with these parameters; empty ones are left out."""
    kept = {name: value for name, value in parameters.items() if value}
    query = urlencode(kept)
    return f"{reverse('files-page')}?{query}" if query else reverse("files-page")


def chosen_view(request: HttpRequest) -> str:
    """Return ``list`` or ``grid``: the one in the query, then the one remembered in a cookie."""
    wanted = request.GET.get("view") or request.COOKIES.get(VIEW_COOKIE, "")
    return wanted if wanted in VIEWS else VIEWS[0]
