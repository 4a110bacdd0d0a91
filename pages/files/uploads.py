"""The upload form for browsers without scripts: one file, streamed to the store."""

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.datastructures import MultiValueDict

from accounts.cookie_authentication import require_csrf_token
from core.problems import FormExpired, Problem
from files.folders.paths import validate_folder
from files.trash import purge_due_files
from files.uploads.cleanup import clean_up_due
from files.uploads.form_parser import receive_form
from files.uploads.form_upload import add_received_file, received_file
from pages.base import with_problem_status
from pages.files.form_targets import form_target
from pages.files.presentation import sentence
from pages.files.query import files_url
from pages.members import (
    current_person,
    member_page,
    redirect_with_notice,
    render_member_page,
)

FOLDER_FIELD = "path"


@member_page("GET", "POST", action="files:write")
@form_target("files-page")
def upload_page(request: HttpRequest) -> HttpResponse:
    """Add the file of the form to the folder ``path``."""
    folder = request.GET.get(FOLDER_FIELD, "")
    try:
        folder = _add_file(request)
    except FormExpired:
        raise
    except Problem as problem:
        context = {
            "problem": problem,
            "text": sentence(problem),
            "back_url": files_url(path=folder),
        }
        page = render_member_page(request, "files/upload_failed.html", context, nav="files")
        return with_problem_status(page, problem)
    return redirect_with_notice(files_url(path=folder), "uploaded")


# Django's middleware would read the whole form before its token. Here the token is checked when the
# file begins, so the fields have to precede it in the form.
upload_page.csrf_exempt = True  # type: ignore[attr-defined]


def _add_file(request: HttpRequest) -> str:
    if request.content_type != "multipart/form-data":
        require_csrf_token(request)  # no file begins in such a body
    user = current_person(request)
    purge_due_files()
    form = receive_form(
        request,  # type: ignore[arg-type]  # it has the method read()
        request.META,
        user=user,
        before_file=lambda fields: _require_token(request, fields),
    )
    received = received_file(form.files)
    try:
        folder = validate_folder(form.data.get(FOLDER_FIELD, ""), field=FOLDER_FIELD)
    except Problem:
        received.discard()
        raise
    add_received_file(received, folder=folder, user=user)
    clean_up_due()
    return folder


def _require_token(request: HttpRequest, fields: QueryDict) -> None:
    """Check the CSRF token in the fields before the file. Raises: FormExpired."""
    inner: Any = request
    # Django reads them from here, instead of reading the body.
    inner._post, inner._files = fields, MultiValueDict()
    require_csrf_token(request)
