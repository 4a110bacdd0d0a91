"""The page of a file: preview, details, versions, links, activity; its content and old versions."""

import uuid
from typing import Any

from csp.decorators import csp_replace, csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from accounts.models import User
from accounts.permissions import ACTIONS
from accounts.users.queries import existing_users
from audit.queries import EventFilter, find_events
from core.text.parsing import parse_integer
from files.downloads import download_url
from files.filenames import shown_name
from files.models import File, FileVersion
from files.previews import open_preview, preview_kind
from files.queries import readable_file
from files.shares.services import shares_of_file
from files.versions import file_versions, open_version, restore_version
from pages.files.activity import event_texts
from pages.files.listing import folder_crumbs
from pages.files.presentation import display_name, file_rows, split_path
from pages.members import current_person, member_page, redirect_with_notice, render_member_page
from pages.sharing.public import STORAGE_ORIGIN

MAX_VERSIONS, MAX_EVENTS, MAX_SHARES = 50, 30, 20
SHOWN_FROM_STORE = {
    "img-src": STORAGE_ORIGIN,
    "media-src": ["'self'", STORAGE_ORIGIN],
    "frame-src": ["'self'", STORAGE_ORIGIN],
}
NOTICES = {
    "renamed": _("Renamed."),
    "version_restored": _("The older version is the current one again."),
    "restored": _("Restored from the trash."),
}


@csp_update(SHOWN_FROM_STORE)
@member_page(action="files:read")
def file_page(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Show a file."""
    user = current_person(request)
    file = readable_file(user, file_id)
    return render_member_page(
        request, "files/file.html", _context(file, user), nav="files", notices=NOTICES
    )


# A browser checks who may frame a redirect too.
@csp_replace({"frame-ancestors": ["'self'"]})
@xframe_options_sameorigin
@member_page(action="files:read")
def preview_page(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Redirect to the content of a version, for the preview in the file's page."""
    number = _version_number(request.GET.get("version", ""))
    url = open_preview(file_id, user=current_person(request), number=number)
    return _redirect_to_store(url)


@member_page(action="files:read")
def download_page(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Redirect to the content of a version, to save it."""
    number = _version_number(request.GET.get("version", ""))
    version = open_version(file_id, user=current_person(request), number=number, by="link")
    return _redirect_to_store(download_url(version))


@member_page("GET", "POST", action="files:write")
def restore_version_page(request: HttpRequest, file_id: uuid.UUID, version: int) -> HttpResponse:
    """Make an older version current again; GET leads to the page of the file."""
    user = current_person(request)
    url = reverse("file-page", kwargs={"file_id": readable_file(user, file_id).id})
    if request.method != "POST":
        return HttpResponseRedirect(url)
    restore_version(file_id, version, user=user, check=lambda row: None)
    return redirect_with_notice(url, "version_restored")


def _context(file: File, user: User) -> dict[str, Any]:
    folder, name = split_path(file.name)
    name = shown_name(name)
    crumbs = [*folder_crumbs(folder), {"title": name, "url": ""}]
    return {
        "file": file,
        "row": file_rows([file], user)[0],
        "name": name,
        "folder": folder,
        "crumbs": crumbs,
        "kind": preview_kind(file.current),
        "versions": _versions(file, user),
        "shares": shares_of_file(user, file.id)[:MAX_SHARES],
        "events": _events(file, user),
    }


def _versions(file: File, user: User) -> list[dict[str, Any]]:
    found = list(file_versions(file.id, user=user)[:MAX_VERSIONS])
    authors = existing_users().in_bulk({version.created_by_id for version in found})
    return [_version(version, file, authors.get(version.created_by_id)) for version in found]


def _version(version: FileVersion, file: File, author: User | None) -> dict[str, Any]:
    return {
        "version": version,
        "is_current": version.pk == file.current_id,
        "author": display_name(author) if author else "",
    }


def _events(file: File, user: User) -> list[dict[str, Any]] | None:
    """Return what happened to a file, newest first; None for a user who may not read it."""
    if user.role not in ACTIONS["audit:read"].roles:
        return None
    events = find_events(EventFilter(target=str(file.id), target_type="file"))
    return event_texts(events.order_by("-at", "-pk")[:MAX_EVENTS])


def _version_number(text: str) -> int | None:
    try:
        number = parse_integer(text) if text else None
    except ValueError:
        return 0  # no version has this number
    return number if number is None or 0 < number < 2**31 else 0


def _redirect_to_store(url: str) -> HttpResponse:
    response = HttpResponseRedirect(url)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response
