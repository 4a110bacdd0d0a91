"""The versions of a file."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.openapi import IF_MATCH
from core.api.pagination import KeysetPagination
from core.api.views import ApiView
from core.http.conditional import require_match
from files.api.serializers import FileSerializer, file_etag, serialize_file
from files.api.version_shapes import VersionSerializer, serialize_version
from files.models import File
from files.versions.reading import file_versions
from files.versions.restoring import restore_version
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent


class VersionPagination(KeysetPagination):
    """Versions by number, which is unique in a file."""

    ordering = "-number"


class VersionListView(ApiView):
    """Every content that a file has had."""

    actions = {"GET": "files:read"}
    pagination_class = VersionPagination

    @extend_schema(operation_id="list_versions", responses={200: VersionSerializer(many=True)})
    def get(self, request: Request, file_id: uuid.UUID) -> Response:
        """List versions by page, newest first."""
        return self.page(
            request, file_versions(file_id, user=current_user(request)), serialize_version
        )


class VersionRestoreView(ApiView):
    """Bringing an older content back."""

    actions = {"POST": "files:write"}

    @extend_schema(
        operation_id="restore_version",
        request=None,
        parameters=[IF_MATCH, IDEMPOTENCY_KEY],
        responses=FileSerializer,
    )
    def post(self, request: Request, file_id: uuid.UUID, version: int) -> Response:
        """Make an older version the newest again: a new one with the same content, not a copy."""
        user = current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(str(file_id), version),
            act=lambda: _file_response(
                restore_version(
                    file_id,
                    version,
                    user=user,
                    check=lambda row: require_match(request, file_etag(row)),
                )
            ),
        )


def _file_response(file: File) -> Response:
    return Response(serialize_file(file), headers={"ETag": file_etag(file)})
