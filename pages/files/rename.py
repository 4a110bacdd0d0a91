"""Pages that rename a file or a folder."""

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.problems import NotFound, Problem
from files.filenames import MAX_NAME_LENGTH, shown_name
from files.folders.listing import folder_files
from files.folders.paths import validate_folder
from files.folders.services import rename_folder
from files.queries import readable_file
from files.services import rename_file
from pages.base import PageForm, with_problem_status
from pages.files.presentation import split_path
from pages.files.query import files_url
from pages.members import current_person, member_page, redirect_with_notice, render_member_page


class RenameForm(PageForm):
    """A new name. It may contain folders."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_LENGTH,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text=_("A slash makes a folder: “drafts/plan.pdf”."),
    )


@member_page("GET", "POST", action="files:write")
def rename_file_page(request: HttpRequest, file_id: uuid.UUID) -> HttpResponse:
    """Rename a file in its folder."""
    user = current_person(request)
    file = readable_file(user, file_id)
    folder, name = split_path(file.name)
    back = reverse("file-page", kwargs={"file_id": file.id})
    if request.method != "POST":
        return _render(request, RenameForm({"name": name}), name, back)
    form = RenameForm(request.POST)
    if not form.is_valid():
        return _render(request, form, name, back, status=400)
    try:
        new_name = f"{folder}{form.cleaned_data['name']}"
        rename_file(file.id, name=new_name, user=user, check=lambda row: None)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form, name, back), problem)
    return redirect_with_notice(_next_url(request, back), "renamed")


@member_page("GET", "POST", action="files:write")
def rename_folder_page(request: HttpRequest) -> HttpResponse:
    """Rename the folder ``path`` in its parent. Raises: NotFound (without files)."""
    user = current_person(request)
    path = validate_folder(request.GET.get("path", ""), field="path")
    if not path or not folder_files(user, path).exists():
        raise NotFound
    parent, name = split_path(path.removesuffix("/"))
    back = files_url(path=parent)
    form = RenameForm(request.POST if request.method == "POST" else {"name": name})
    if request.method != "POST":
        return _render(request, form, name, back)
    if not form.is_valid():
        return _render(request, form, name, back, status=400)
    try:
        rename_folder(path, name=f"{parent}{form.cleaned_data['name']}", user=user)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(_render(request, form, name, back), problem)
    return redirect_with_notice(back, "renamed")


def _next_url(request: HttpRequest, back: str) -> str:
    """Return the list that the form came from, or the page of the file."""
    if "from" not in request.GET:
        return back
    return files_url(path=request.GET["from"])


def _render(
    request: HttpRequest, form: RenameForm, name: str, back: str, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "title": gettext("Rename “%(name)s”") % {"name": shown_name(name)},
        "said": gettext("It was not renamed."),
        "action": gettext("Rename"),
        "cancel_url": _next_url(request, back),
    }
    return render_member_page(request, "files/rename.html", context, nav="files", status=status)
