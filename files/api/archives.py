"""The endpoint that returns many files as one ZIP."""

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.authentication import current_user
from core.api.serializers import ListField, StrictSerializer, validated
from core.api.views import ApiView
from files.archives import open_archive

# The body of a request holds no more than 1 MiB.
MAX_IDS = 10_000


class ArchiveSerializer(StrictSerializer):
    files = ListField(
        child=serializers.UUIDField(),
        min_length=1,
        max_length=MAX_IDS,
        help_text="The ids of the files. `ARCHIVE_MAX_FILES` can be lower.",
    )


class ArchiveView(ApiView):
    """Many files as one ZIP."""

    actions = {"POST": "files:read"}

    @extend_schema(
        operation_id="download_archive",
        request=ArchiveSerializer,
        responses={
            (200, "application/zip"): OpenApiResponse(
                OpenApiTypes.BINARY, "A ZIP of the current contents, stored without compression."
            )
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Return the current contents of files as one ZIP.

        A response that is shorter than its `Content-Length` is incomplete.
        """
        fields = validated(ArchiveSerializer, request)
        archive = open_archive(fields["files"], user=current_user(request))
        return StreamingHttpResponse(archive, headers=archive.headers())
