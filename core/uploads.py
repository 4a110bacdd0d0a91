"""Forms that bring files where none are wanted."""

from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler, SkipFile

from core.http.multipart import StrictMultiPartParser


class SkipFilesUploadHandler(FileUploadHandler):
    """Skips the files of a form."""

    chunk_size = 64 * 1024

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Skip every file."""
        raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Keep nothing; never called, as every file is skipped."""

    def file_complete(self, file_size: int) -> None:
        """Return nothing; never called, as every file is skipped."""


class NoFilesUploadHandler(SkipFilesUploadHandler):
    """Reads a form piece by piece, refuses large ones, and skips files.

    Without a handler Django takes the whole form into memory, whatever its size. Views that want
    files install a handler of their own.
    """

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803 - Django's name
        content_length: int,
        boundary: Any,
        encoding: Any = None,
    ) -> Any:
        """Return the fields of the form, which are UTF-8, and no files.

        Raises RequestDataTooBig for a form that is larger than any body in memory may be, and
        MultiPartParserError.
        """
        if content_length > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise RequestDataTooBig("The form is too large.")
        return StrictMultiPartParser(META, input_data, [SkipFilesUploadHandler()]).parse()
