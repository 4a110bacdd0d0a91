"""Adding a file by ``POST /api/files``."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.authentication import person
from core.problems import FieldError, ValidationFailed
from files.api.serializers import file_etag, file_of
from files.filenames import checked_name, checked_path
from files.models import File, Upload
from files.services import keep_file
from files.trash.purging import purge_due
from files.uploads.cleanup import settle_some
from files.uploads.form_parser import FIELD, Received
from idempotency.services import fingerprint_of, once


def add_file(request: Request) -> Response:
    """Keep the file of the request's form; nothing stays in the store if that fails.

    ``path`` names the file in place of the part's own file name, and may hold folders. With an
    Idempotency-Key that was used before, the first answer is returned and what has just been sent
    is dropped; name and content make two requests the same.
    """
    purge_due()
    received = _received(request)
    try:
        response = _answer(request, received)
    except BaseException:
        received.drop()
        raise
    if received.upload.state != Upload.State.READY:
        received.drop()
    settle_some()
    return response


def _received(request: Request) -> Received:
    # The first access to FILES reads the form and sends the file to the store.
    found = request.FILES.get(FIELD)
    if not isinstance(found, Received):
        fault = FieldError(FIELD, "required", "Send a file in this field of the form.")
        raise ValidationFailed(errors=[fault])
    return found


def _answer(request: Request, received: Received) -> Response:
    user = person(request)
    name = _name(request, received)
    written = received.writer.finish()
    return once(
        request,
        caller=str(user.id),
        fingerprint=fingerprint_of(name, written.sha256),
        act=lambda: _created(
            keep_file(upload=received.upload, name=name, written=written, user=user)
        ),
    )


def _name(request: Request, received: Received) -> str:
    path = request.POST.get("path", "")
    return checked_path(path, field="path") if path else checked_name(received.name, field=FIELD)


def _created(file: File) -> Response:
    where = reverse("file", kwargs={"file_id": file.id})
    return Response(file_of(file), status=201, headers={"Location": where, "ETag": file_etag(file)})
