"""The versions of a file."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import person
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import require_match
from files.api.serializers import FileShape, file_etag, file_of
from files.api.version_shapes import VersionShape, version_of
from files.models import File
from files.versions.reading import versions_of
from files.versions.restoring import restore_version
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once


class NewestFirst(KeysetPagination):
    """Versions by number, which is unique in a file."""

    ordering = "-number"


class Versions(ApiView):
    """Every content that a file has had."""

    actions = {"GET": "files:read"}
    pagination_class = NewestFirst

    @extend_schema(operation_id="list_versions", responses={200: VersionShape(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List versions by page, newest first."""
        return self.page(request, versions_of(file_id, user=person(request)), version_of)


class VersionRestoring(ApiView):
    """Bringing an older content back."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_version",
        request=None,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
        responses=FileShape,
    )
    def post(self, request: Request, file_id: uuid.UUID, version: int) -> Response:
        """Make an older version the newest again: a new one with the same content, not a copy."""
        user = person(request)
        return once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(str(file_id), version),
            act=lambda: _shown(
                restore_version(
                    file_id,
                    version,
                    user=user,
                    check=lambda row: require_match(request, file_etag(row)),
                )
            ),
        )


def _shown(file: File) -> Response:
    return Response(file_of(file), headers={"ETag": file_etag(file)})
