"""The endpoint of a tenant's usage: day by day, its largest files, and each user's share."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_user
from core.api.serializers import IntegerField, validated_data
from core.api.views import ApiView
from files.models import File
from files.usage import UserStorage, largest_files, storage_by_user
from tenants.context import current_tenant
from tenants.usage_history import DEFAULT_DAYS, MAX_DAYS, UsageDay, usage_history


class UsageQuerySerializer(serializers.Serializer[Any]):
    days = IntegerField(
        required=False,
        default=DEFAULT_DAYS,
        min_value=1,
        max_value=MAX_DAYS,
        help_text="The number of days, with today.",
    )


class UsageDaySerializer(serializers.Serializer[Any]):
    day = serializers.DateField(help_text="UTC.")
    storage_bytes = serializers.IntegerField(
        allow_null=True, help_text="All versions; null before the first measurement."
    )
    files = serializers.IntegerField(
        allow_null=True, help_text="Files that are not in the trash; null as above."
    )
    requests = serializers.IntegerField()


class LargestFileSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes of the current version.")
    owner = serializers.UUIDField()


class UserStorageSerializer(serializers.Serializer[Any]):
    user = serializers.UUIDField()
    storage_bytes = serializers.IntegerField(help_text="All versions, with those in the trash.")
    files = serializers.IntegerField(help_text="Files that are not in the trash.")


class WorkspaceUsageSerializer(serializers.Serializer[Any]):
    days = UsageDaySerializer(many=True, help_text="Oldest first; the last one is today so far.")
    largest_files = LargestFileSerializer(many=True)
    users = UserStorageSerializer(many=True, help_text="Those with the most storage first.")


class WorkspaceUsageView(ApiView):
    """The usage of the caller's workspace."""

    actions = {"GET": "usage:read"}

    @extend_schema(
        operation_id="read_workspace_usage",
        parameters=[UsageQuerySerializer],
        responses=WorkspaceUsageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return storage, files and requests per day, the largest files, and storage per user."""
        fields = validated_data(UsageQuerySerializer, request.query_params.dict())
        return Response(
            {
                "days": [_day(day) for day in usage_history(current_tenant().id, fields["days"])],
                "largest_files": [_largest(file) for file in largest_files(current_user(request))],
                "users": [_user(share) for share in storage_by_user()],
            }
        )


def _day(day: UsageDay) -> dict[str, Any]:
    return {
        "day": day.day.isoformat(),
        "storage_bytes": day.storage_bytes,
        "files": day.files,
        "requests": day.requests,
    }


def _largest(file: File) -> dict[str, Any]:
    return {
        "id": str(file.id),
        "name": file.name,
        "size": file.size,
        "owner": str(file.owner_id),
    }


def _user(share: UserStorage) -> dict[str, Any]:
    return {
        "user": str(share.user.id),
        "storage_bytes": share.storage_bytes,
        "files": share.files,
    }
