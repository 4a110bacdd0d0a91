"""API of the personal data export."""

import uuid
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from accounts.api.throttles import by_user
from accounts.authentication import current_user
from accounts.permissions import IsTenantUser
from accounts.users.data_export import export_user
from core.api.views import ApiView


class DataExportSerializer(serializers.Serializer[Any]):
    """One list for each source in ``settings.PERSONAL_DATA_SOURCES``."""

    exported_at = serializers.DateTimeField()
    profile = serializers.DictField()
    sessions = serializers.ListField(child=serializers.DictField())
    second_factors = serializers.ListField(child=serializers.DictField())
    api_keys = serializers.ListField(child=serializers.DictField())
    invitations = serializers.ListField(child=serializers.DictField())
    mailed_links = serializers.ListField(child=serializers.DictField())
    events = serializers.ListField(child=serializers.DictField())
    files = serializers.ListField(child=serializers.DictField())


class OwnDataExportView(ApiView):
    """All data that the workspace stores of the caller."""

    # Also before the address is verified: the user has a right to the data.
    permission_classes = (IsTenantUser,)
    limits = (by_user("export"),)

    @extend_schema(operation_id="export_me", responses=DataExportSerializer)
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return the caller's data as a JSON document."""
        return _export_response(request, current_user(request).id)


class UserDataExportView(ApiView):
    """All data that the workspace stores of a user, for managers."""

    actions = {"GET": "users:export"}
    limits = (by_user("export"),)

    @extend_schema(operation_id="export_user", responses=DataExportSerializer)
    def get(self, request: Request, user_id: uuid.UUID) -> StreamingHttpResponse:
        """Return a user's data as a JSON document."""
        return _export_response(request, user_id)


def _export_response(request: Request, user_id: uuid.UUID) -> StreamingHttpResponse:
    headers = {
        "Content-Type": "application/json",
        "Content-Disposition": f'attachment; filename="personal-data-{user_id}.json"',
        "Cache-Control": "no-store",
    }
    return StreamingHttpResponse(export_user(user_id, by=current_user(request)), headers=headers)
