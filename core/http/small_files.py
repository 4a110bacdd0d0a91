"""Forms with a small file, such as a list of addresses, that is read into memory.

Without this the files of a form are skipped (core/http/multipart.py). The form is read before the
view runs, because the CSRF check needs its token: so the check is done here, once the handler is
installed (Django documentation, "Modifying upload handlers on the fly").
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.files.uploadhandler import MemoryFileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_protect

from core.http.multipart import NoFilesUploadHandler, StrictMultiPartParser

View = Callable[..., HttpResponse]


class SmallFilesUploadHandler(NoFilesUploadHandler):
    """Reads a form and its files into memory, up to the limit for bodies in memory."""

    def parse_form(self, meta: Any, stream: Any) -> Any:
        """Return the fields and the files."""
        return StrictMultiPartParser(meta, stream, [MemoryFileUploadHandler(self.request)]).parse()


def with_small_files(view: View) -> View:
    """Let the forms of a page have small files."""
    checked = csrf_protect(view)

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.upload_handlers = [SmallFilesUploadHandler(request)]
        response: HttpResponse = checked(request, *args, **kwargs)
        return response

    # For the middleware only: the check has to wait for the handler.
    wrapper.csrf_exempt = True  # type: ignore[attr-defined]
    return wrapper
