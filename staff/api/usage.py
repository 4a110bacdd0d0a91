"""The view of a tenant's usage."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import validated_data
from staff.api.base import VIEW, StaffView
from staff.queries import visible_tenant
from tenants.serializers import (
    RequestCountsSerializer,
    UsageSerializer,
    serialize_request_counts,
    serialize_usage,
)
from tenants.usage import CurrentUsage, current_usage


class UsageRequestSerializer(serializers.Serializer[Any]):
    exact = serializers.BooleanField(
        required=False, default=False, help_text="Count the rows now rather than estimate them."
    )


class TenantUsageSerializer(UsageSerializer):
    rows_are_exact = serializers.BooleanField(help_text="Whether the rows were counted just now.")
    requests = RequestCountsSerializer()


class TenantUsage(StaffView):
    """The usage of one tenant."""

    rights = {"GET": VIEW}

    @extend_schema(
        operation_id="read_tenant_usage",
        parameters=[UsageRequestSerializer],
        responses=TenantUsageSerializer,
    )
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Return rows, bytes and objects (at most five minutes old), and requests (seconds old)."""
        fields = validated_data(UsageRequestSerializer, request.query_params.dict())
        usage = current_usage(visible_tenant(tenant_id), exact=fields["exact"])
        return Response(_serialize_usage(usage))


def _serialize_usage(usage: CurrentUsage) -> dict[str, Any]:
    return {
        **serialize_usage(usage.usage),
        "rows_are_exact": usage.rows_are_exact,
        "requests": serialize_request_counts(usage.requests),
    }
