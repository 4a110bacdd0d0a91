"""Addresses of the people, files and share links that audit events name."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.permissions import ACTIONS
from accounts.users.queries import existing_users
from audit.models import AuditEvent
from core.text.parsing import parse_uuid
from files.queries import readable_files
from files.shares.services import readable_shares

Key = tuple[str, str]


def event_urls(viewer: User, events: Iterable[AuditEvent]) -> dict[Key, str]:
    """Return the page of each actor and target by type and id, in one query for each type.

    What no longer exists, and what the viewer may not open, is left out.
    """
    named: dict[str, set[UUID]] = {}
    for event in events:
        for kind, text in (
            (event.actor_type, event.actor_id),
            (event.target_type, event.target_id),
        ):
            if kind in PAGES and (found := parse_uuid(text)):
                named.setdefault(kind, set()).add(found)
    urls = {}
    for kind, ids in named.items():
        rows_of, url_of = PAGES[kind]
        for pk in rows_of(viewer).filter(pk__in=ids).order_by().values_list("pk", flat=True):
            urls[kind, str(pk)] = url_of(pk)
    return urls


def _people(viewer: User) -> QuerySet[User]:
    return existing_users() if viewer.role in ACTIONS["users:read"].roles else User.objects.none()


def _share_url(pk: UUID) -> str:
    return f"{reverse('links')}?{urlencode({'link': pk})}"


# What has a page, by its type in audit events: the rows that the viewer may open, and their page.
PAGES: dict[str, tuple[Callable[[User], QuerySet[Any]], Callable[[UUID], str]]] = {
    "user": (_people, lambda pk: reverse("person", args=[pk])),
    "file": (readable_files, lambda pk: reverse("file-page", args=[pk])),
    "share": (readable_shares, _share_url),
}
