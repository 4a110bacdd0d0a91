"""Endpoints that return file content: by a redirect to the store, or through the backend."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.views import ApiView
from core.http.conditional import is_not_modified
from core.http.negotiation import accepts_explicitly
from core.text.normalization import timestamp
from files.api.serializers import DownloadSerializer
from files.api.versions import VERSION_PARAMETER, requested_version
from files.content_types import safe_content_type
from files.downloads import ObjectStream, download_url, parse_range
from files.filenames import content_disposition
from files.models import FileVersion
from files.versions import open_version, readable_version

CACHE_CONTROL = "private, no-cache"
RANGE_HEADER = OpenApiParameter(
    "Range", str, OpenApiParameter.HEADER, description="One range of bytes."
)


class FileDownloadView(ApiView):
    """A presigned, short-lived URL of the content in the object store."""

    actions = {"GET": "files:read"}

    @extend_schema(
        operation_id="download_file",
        parameters=[VERSION_PARAMETER],
        responses={
            200: OpenApiResponse(DownloadSerializer, "With `Accept: application/json`."),
            302: OpenApiResponse(description="Redirect to the presigned URL."),
        },
    )
    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponseBase:
        """Redirect to the content; with `Accept: application/json`, return the URL as JSON."""
        is_head = (
            request.method == "HEAD"
        )  # returns a URL signed for HEAD, and writes no audit event
        user, number = current_user(request), requested_version(request)
        version = (
            readable_version(file_id, user=user, number=number)
            if is_head
            else open_version(file_id, user=user, number=number, by="link")
        )
        expires = timezone.now() + timedelta(seconds=settings.DOWNLOAD_URL_SECONDS)
        url = download_url(version, method=request.method)
        if accepts_explicitly(request._request, "application/json"):
            document = {"url": url, "expires_at": timestamp(expires)}
            return Response(document, headers={"Vary": "Accept"})
        redirect = HttpResponseRedirect(url, headers={"Vary": "Accept"})
        # The URL works for every client that has it.
        redirect.headers["Cache-Control"] = "no-store"
        redirect.headers["Referrer-Policy"] = "no-referrer"
        return redirect


class FileContentView(ApiView):
    """The content, streamed through the backend."""

    actions = {"GET": "files:read"}

    @extend_schema(
        operation_id="read_file_content",
        parameters=[VERSION_PARAMETER, RANGE_HEADER],
        responses={
            # Safe types, such as images, are sent with their own content type.
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            304: None,
        },
    )
    def get(self, request: Request, file_id: uuid.UUID) -> HttpResponseBase:
        """Return the content, or the requested range of it."""
        user = current_user(request)
        version = readable_version(file_id, user=user, number=requested_version(request))
        etag = f'"{version.sha256}"'
        if is_not_modified(request, etag):
            headers = {"ETag": etag, "Cache-Control": CACHE_CONTROL}
            return HttpResponse(status=304, headers=headers)
        byte_range = _requested_range(request, version, etag)
        headers = _headers(version, etag, byte_range)
        if request.method == "HEAD":
            return HttpResponse(headers=headers)
        # By its number: a newer version may have been added since the headers were computed.
        open_version(file_id, user=user, number=version.number, by="content")
        stream = ObjectStream(version, byte_range)
        return StreamingHttpResponse(stream, status=206 if byte_range else 200, headers=headers)


def _requested_range(request: Request, version: FileVersion, etag: str) -> tuple[int, int] | None:
    """Return the requested range; an If-Range with another ETag requests the whole content.

    ``Range`` is defined for GET only (RFC 9110 section 14.2).
    """
    if request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition != etag:
        return None
    return parse_range(request.headers.get("Range", ""), version.size)


def _headers(version: FileVersion, etag: str, byte_range: tuple[int, int] | None) -> dict[str, Any]:
    size = version.size
    headers = {
        "Content-Type": safe_content_type(version.content_type),
        "Content-Disposition": content_disposition(version.file.name),
        "Content-Length": str(byte_range[1] - byte_range[0] + 1 if byte_range else size),
        "Cache-Control": CACHE_CONTROL,
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "ETag": etag,
    }
    return (
        {**headers, "Content-Range": f"bytes {byte_range[0]}-{byte_range[1]}/{size}"}
        if byte_range
        else headers
    )
