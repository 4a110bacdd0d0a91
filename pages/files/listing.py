"""The list of files: one folder with its subfolders, or what a search finds."""

from typing import Any

from csp.decorators import csp_update
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.users.queries import existing_users
from files.filenames import shown_name, validate_path
from files.folders.listing import FolderPage, list_folder
from pages.files.presentation import display_name, file_rows
from pages.files.query import (
    KIND_NAMES,
    SINCE_NAMES,
    VIEW_COOKIE,
    VIEWS,
    FilesQuery,
    chosen_view,
    files_url,
)
from pages.files.selection import GONE
from pages.files.upload_texts import upload_settings
from pages.members import current_person, member_page, render_member_page
from pages.sharing.public import STORAGE_ORIGIN

COOKIE_SECONDS = 365 * 86400
MAX_PEOPLE = 200
NOTICES = {
    "uploaded": _("The file is uploaded."),
    "trashed": _("Moved to the trash. You can restore it there."),
    "moved": _("Moved."),
    "renamed": _("Renamed."),
    "nothing": _("Choose at least one file or folder first."),
    "gone": GONE,
}
COLUMNS = (("name", _("Name")), ("size", _("Size")), ("created_at", _("Added")))


# Scripts send parts of a file to the store.
@csp_update({"connect-src": STORAGE_ORIGIN})
@member_page(action="files:read")
def files_page(request: HttpRequest) -> HttpResponse:
    """Show a folder, or the files that match. ``new`` names a folder in it to go to."""
    query, user = FilesQuery.of(request), current_person(request)
    if request.GET.get("new"):
        return HttpResponseRedirect(_new_folder_url(query, request.GET["new"]))
    page = _find(query, user)
    response = render_member_page(
        request, "files/list.html", _context(request, query, page), nav="files", notices=NOTICES
    )
    _remember_view(request, response)
    return response


def folder_crumbs(page_folder: str) -> list[dict[str, str]]:
    """Return the breadcrumbs of a folder: from the top down to the folder itself."""
    crumbs = [{"title": gettext("Files"), "url": files_url()}]
    names = page_folder.split("/")[:-1]
    for depth, name in enumerate(names, 1):
        crumbs.append(
            {"title": shown_name(name), "url": files_url(path="/".join(names[:depth]) + "/")}
        )
    return crumbs


def _find(query: FilesQuery, user: User) -> FolderPage:
    return list_folder(
        user,
        query.path,
        search=query.search,
        kind=query.kind,
        owner=query.owner,
        added_after=query.since_time,
        sort=query.sort,
        cursor=query.cursor,
    )


def _context(request: HttpRequest, query: FilesQuery, page: FolderPage) -> dict[str, Any]:
    user = current_person(request)
    following = query.url_with(cursor=page.next_cursor) if page.next_cursor else ""
    return {
        "query": query,
        "page": page,
        "crumbs": folder_crumbs(page.folder),
        "folder_name": shown_name(page.folder.rstrip("/").rpartition("/")[2]),
        "folders": [{"folder": f, "url": files_url(path=f.path)} for f in page.folders],
        "rows": file_rows(page.files, user),
        "columns": [_column(query, name, title) for name, title in COLUMNS],
        "view": chosen_view(request),
        "views": [(name, _view_url(query, name)) for name in VIEWS],
        "kinds": KIND_NAMES.items(),
        "periods": SINCE_NAMES.items(),
        "people": _people(user),
        "next_url": following,
        "first_url": query.url_with() if query.cursor else "",
        "clear_url": files_url(path=query.path, sort=query.sort),
        "upload": upload_settings(),
    }


def _column(query: FilesQuery, name: str, title: Any) -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "url": query.sort_url(name),
        "direction": query.aria_sort(name),
    }


def _view_url(query: FilesQuery, view: str) -> str:
    url = query.url_with()
    return f"{url}{'&' if '?' in url else '?'}view={view}"


def _people(user: User) -> list[tuple[str, str]]:
    """Return the people whose files a user may filter by, by id."""
    if not user.manages:
        return []
    users = existing_users().order_by("first_name", "last_name", "email")[:MAX_PEOPLE]
    return [(str(found.id), display_name(found)) for found in users]


def _new_folder_url(query: FilesQuery, name: str) -> str:
    """Return the address of a folder that has no file yet. Raises: ValidationFailed."""
    return files_url(path=validate_path(f"{query.path}{name}", field="new") + "/")


def _remember_view(request: HttpRequest, response: HttpResponse) -> None:
    if request.GET.get("view") in VIEWS:
        response.set_cookie(
            VIEW_COOKIE,
            chosen_view(request),
            max_age=COOKIE_SECONDS,
            secure=settings.CSRF_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )
