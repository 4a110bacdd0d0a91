"""What is done to the files and folders that are selected in a list: trash, move, ZIP."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.problems import NotFound, Problem, ValidationFailed
from files.archives import open_archive
from files.bulk import trash_files
from files.filenames import MAX_NAME_LENGTH
from files.folders.listing import folder_files, list_folder
from files.folders.moves import move_files
from files.folders.paths import validate_folder
from pages.base import PageForm, with_problem_status
from pages.files.form_targets import form_target
from pages.files.query import files_url
from pages.members import current_person, member_page, redirect_with_notice, render_member_page

GONE = _("Something of it is not there any more. Nothing was changed; choose again.")
FILE_FIELD, FOLDER_FIELD, FROM_FIELD, TARGET_FIELD = "file", "folder", "from", "target"


@dataclass(frozen=True, slots=True)
class Selection:
    """The selected files and folders, and the folder whose list they were selected in."""

    files: list[UUID]
    folders: list[str]
    origin: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing is selected."""
        return not (self.files or self.folders)

    @property
    def back_url(self) -> str:
        """The address of the list."""
        return files_url(path=self.origin)

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The selection as fields of a form."""
        return [
            *((FILE_FIELD, str(file_id)) for file_id in self.files),
            *((FOLDER_FIELD, folder) for folder in self.folders),
            (FROM_FIELD, self.origin),
        ]

    def file_ids(self, user: User) -> list[UUID]:
        """Return the ids of the files, with those in the folders."""
        found = dict.fromkeys(self.files)
        for folder in self.folders:
            found.update(dict.fromkeys(folder_files(user, folder).values_list("pk", flat=True)))
        return list(found)


class MoveForm(PageForm):
    """The folder to move to."""

    target = forms.CharField(
        label=_("To the folder"),
        max_length=MAX_NAME_LENGTH,
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"list": "folders", "autocomplete": "off"}),
        help_text=_("Leave it empty for the top. A folder that does not exist is made."),
    )


def selection_of(request: HttpRequest) -> Selection:
    """Return the selection in a form. Raises: NotFound for an id that is none."""
    sent = request.POST
    try:
        ids = [UUID(text) for text in sent.getlist(FILE_FIELD)]
    except ValueError as exc:
        raise NotFound from exc
    return Selection(ids, sent.getlist(FOLDER_FIELD), sent.get(FROM_FIELD, ""))


@member_page("GET", "POST", action="files:write")
@form_target("files-page")
def trash_selection_page(request: HttpRequest) -> HttpResponse:
    """Move the selected files to the trash."""
    selection, user = selection_of(request), current_person(request)
    if selection.is_empty:
        return redirect_with_notice(selection.back_url, "nothing")
    try:
        trash_files(selection.file_ids(user), user=user)
    except (NotFound, ValidationFailed):
        return redirect_with_notice(selection.back_url, "gone")
    return redirect_with_notice(selection.back_url, "trashed")


@member_page("GET", "POST", action="files:read")
@form_target("files-page")
def archive_page(request: HttpRequest) -> HttpResponse:
    """Send the selected files as one ZIP."""
    selection, user = selection_of(request), current_person(request)
    if selection.is_empty:
        return redirect_with_notice(selection.back_url, "nothing")
    try:
        archive = open_archive(selection.file_ids(user), user=user, base=selection.origin)
    except (NotFound, ValidationFailed):
        return redirect_with_notice(selection.back_url, "gone")
    return cast("HttpResponse", StreamingHttpResponse(archive, headers=archive.headers()))


@member_page("GET", "POST", action="files:write")
@form_target("files-page")
def move_page(request: HttpRequest) -> HttpResponse:
    """Ask for a folder, then move the selected files and folders to it."""
    selection, user = selection_of(request), current_person(request)
    if selection.is_empty:
        return redirect_with_notice(selection.back_url, "nothing")
    if TARGET_FIELD not in request.POST:
        return _render_move(request, selection, MoveForm(initial={"target": selection.origin}))
    form = MoveForm(request.POST)
    if not form.is_valid():
        return _render_move(request, selection, form, status=400)
    try:
        target = form.cleaned_data["target"]
        move_files(selection.files, folders=selection.folders, target=target, user=user)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render_move(request, selection, form), problem)
    return redirect_with_notice(files_url(path=validate_folder(target, field="target")), "moved")


def _render_move(
    request: HttpRequest, selection: Selection, form: MoveForm, status: int = 200
) -> HttpResponse:
    count = len(selection.files) + len(selection.folders)
    context: dict[str, Any] = {
        "form": form,
        "title": ngettext("Move %(count)s item", "Move %(count)s items", count) % {"count": count},
        "said": gettext("Nothing was moved."),
        "action": gettext("Move"),
        "cancel_url": selection.back_url,
        "kept": selection.fields,
        "targets": list_folder(current_person(request), selection.origin).folders,
    }
    return render_member_page(request, "files/move.html", context, nav="files", status=status)
