"""What a tenant holds and how much it is used."""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import checked_fields
from staff.api.base import VIEW, StaffView
from staff.queries import shown_tenant
from tenants.documents import requests_document, usage_document
from tenants.measuring import Seen, current_usage
from tenants.serializers import RequestsShape, UsageShape


class UsageRequest(serializers.Serializer[Any]):
    exact = serializers.BooleanField(
        required=False, default=False, help_text="Count the rows now rather than estimate them."
    )


class TenantUsageShape(UsageShape):
    rows_are_exact = serializers.BooleanField(help_text="Whether the rows were counted just now.")
    requests = RequestsShape()


class TenantUsage(StaffView):
    """The usage of one tenant."""

    rights = {"GET": VIEW}

    @extend_schema(
        operation_id="read_tenant_usage", parameters=[UsageRequest], responses=TenantUsageShape
    )
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Show what it holds, at most five minutes old, and its requests up to some seconds ago."""
        fields = checked_fields(UsageRequest, request.query_params.dict())
        seen = current_usage(shown_tenant(tenant_id), exact=fields["exact"])
        return Response(_document(seen))


def _document(seen: Seen) -> dict[str, Any]:
    return {
        **usage_document(seen.held),
        "rows_are_exact": seen.rows_are_exact,
        "requests": requests_document(seen.requests),
    }
