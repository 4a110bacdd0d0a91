"""Adding a file by ``POST /api/files``."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import current_user
from core.problems import FieldError, ValidationFailed
from files.api.serializers import file_etag, serialize_file
from files.filenames import validate_filename, validate_path
from files.models import File, Upload
from files.services import create_file_version
from files.trash.purging import purge_due_files
from files.uploads.cleanup import clean_up_due
from files.uploads.form_parser import FILE_FIELD, ReceivedFile
from idempotency.services import fingerprint_of, idempotent


def add_file(request: Request) -> Response:
    """Keep the file of the request's form; nothing stays in the store if that fails.

    ``path`` names the file in place of the part's own file name, and may hold folders. With an
    Idempotency-Key that was used before, the first answer is returned and what has just been sent
    is dropped; name and content make two requests the same.
    """
    purge_due_files()
    received = _received_file(request)
    try:
        response = _respond(request, received)
    except BaseException:
        received.drop()
        raise
    if received.upload.state != Upload.State.READY:
        received.drop()
    clean_up_due()
    return response


def _received_file(request: Request) -> ReceivedFile:
    # The first access to FILES reads the form and sends the file to the store.
    found = request.FILES.get(FILE_FIELD)
    if not isinstance(found, ReceivedFile):
        fault = FieldError(FILE_FIELD, "required", "Send a file in this field of the form.")
        raise ValidationFailed(errors=[fault])
    return found


def _respond(request: Request, received: ReceivedFile) -> Response:
    user = current_user(request)
    name = _requested_name(request, received)
    written = received.writer.finish()
    return idempotent(
        request,
        caller=str(user.id),
        fingerprint=fingerprint_of(name, written.sha256),
        act=lambda: _created_response(
            create_file_version(upload=received.upload, name=name, written=written, user=user)
        ),
    )


def _requested_name(request: Request, received: ReceivedFile) -> str:
    path = request.POST.get("path", "")
    return (
        validate_path(path, field="path")
        if path
        else validate_filename(received.name, field=FILE_FIELD)
    )


def _created_response(file: File) -> Response:
    where = reverse("file", kwargs={"file_id": file.id})
    return Response(
        serialize_file(file), status=201, headers={"Location": where, "ETag": file_etag(file)}
    )
