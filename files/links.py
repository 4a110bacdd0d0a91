"""Addresses of content in the store: signed, short-lived, and always a download."""

from files.content_types import safe_content_type
from files.filenames import content_disposition
from files.models import FileVersion
from files.storage.backend import tenant_storage


def download_url(
    version: FileVersion, *, method: str | None = None, seconds: int | None = None
) -> str:
    """Return an address of a version's content for ``method`` (GET without one).

    It is good for ``seconds``, as long as any download without them, and for whoever has it.
    """
    told = {
        "ResponseContentDisposition": content_disposition(version.file.name),
        "ResponseContentType": safe_content_type(version.content_type),
        "ResponseCacheControl": "private, no-store",
    }
    return tenant_storage().url(version.object_name, told, seconds, http_method=method)
