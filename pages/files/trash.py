"""The trash: list, restore, purge."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.problems import NotFound, Problem
from files.bulk import empty_trash, purge_files, restore_files
from files.problems import NameTaken
from files.queries import purge_time, trashed_files
from pages.base import with_problem_status
from pages.files.form_targets import form_target
from pages.files.presentation import FileRow, file_rows, sentence
from pages.files.selection import FILE_FIELD, GONE, selection_of
from pages.lists import paginate
from pages.members import current_person, member_page, redirect_with_notice, render_member_page

CONFIRMED_FIELD = "confirmed"
ORDERING = "-deleted_at"
NOTICES = {
    "restored": _("Restored."),
    "purged": _("Deleted for ever."),
    "emptied": _("The trash is empty."),
    "nothing": _("Choose at least one file first."),
    "gone": GONE,
}


@member_page(action="files:read")
def trash_page(request: HttpRequest) -> HttpResponse:
    """Show the files in the trash, last deleted first."""
    return _render(request)


@member_page("GET", "POST", action="files:write")
@form_target("trash-page")
def restore_page(request: HttpRequest) -> HttpResponse:
    """Restore the selected files."""
    selection = selection_of(request)
    if not selection.files:
        return redirect_with_notice(reverse("trash-page"), "nothing")
    try:
        restore_files(selection.files, user=current_person(request))
    except NotFound:
        return redirect_with_notice(reverse("trash-page"), "gone")
    except NameTaken as problem:
        return with_problem_status(_render(request, problem), problem)
    return redirect_with_notice(reverse("trash-page"), "restored")


@member_page("GET", "POST", action="files:write")
@form_target("trash-page")
def purge_page(request: HttpRequest) -> HttpResponse:
    """Ask, then purge the selected files."""
    selection = selection_of(request)
    if not selection.files:
        return redirect_with_notice(reverse("trash-page"), "nothing")
    if CONFIRMED_FIELD not in request.POST:
        count = len(selection.files)
        title = ngettext(
            "Delete %(count)s file for ever?", "Delete %(count)s files for ever?", count
        )
        kept = [(FILE_FIELD, str(file_id)) for file_id in selection.files]
        return _render_question(request, title % {"count": count}, kept)
    try:
        purge_files(selection.files, user=current_person(request))
    except NotFound:
        return redirect_with_notice(reverse("trash-page"), "gone")
    return redirect_with_notice(reverse("trash-page"), "purged")


@member_page("GET", "POST", action="files:write")
def empty_trash_page(request: HttpRequest) -> HttpResponse:
    """Ask, then purge all files in the trash that the user may see."""
    if request.method != "POST" or CONFIRMED_FIELD not in request.POST:
        return _render_question(request, gettext("Empty the trash?"), [])
    empty_trash(user=current_person(request))
    return redirect_with_notice(reverse("trash-page"), "emptied")


def _render(request: HttpRequest, problem: Problem | None = None) -> HttpResponse:
    user = current_person(request)
    page = paginate(request, trashed_files(user), ordering=ORDERING)
    rows = file_rows(page.rows, user)
    context: dict[str, Any] = {
        "rows": [{"row": row, "purge_at": _purge_at(row)} for row in rows],
        "days": settings.TRASH_SECONDS // 86400,
        "next_url": page.next_url,
        "previous_url": page.previous_url,
        "problem_text": sentence(problem) if problem else "",
    }
    return render_member_page(request, "files/trash.html", context, nav="trash", notices=NOTICES)


def _render_question(request: HttpRequest, title: str, kept: list[tuple[str, str]]) -> HttpResponse:
    context = {
        "title": title,
        "text": gettext("All versions and links go with them. This cannot be undone."),
        "action": gettext("Delete for ever"),
        "cancel_url": reverse("trash-page"),
        "danger": True,
        "kept": [*kept, (CONFIRMED_FIELD, "1")],
    }
    return render_member_page(request, "components/confirm.html", context, nav="trash")


def _purge_at(row: FileRow) -> datetime | None:
    return purge_time(row.deleted_at) if row.deleted_at else None
