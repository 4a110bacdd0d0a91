"""The workspace's audit trail, for those who run it."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.audit_events import (
    AuditEventQuerySerializer,
    AuditEventSerializer,
    chain_link,
    serialize_audit_event,
)
from audit.queries import EventFilter, find_events, get_event
from core.api.openapi import IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated_data
from core.api.views import ApiView
from core.http.conditional import etag_of, response_with_etag


class NewestFirstPagination(KeysetPagination):
    """Events by when they happened."""

    ordering = "-at"


class AuditEventListView(ApiView):
    """Who did what to what, when and from where."""

    actions = {"GET": "audit:read"}
    pagination_class = NewestFirstPagination

    @extend_schema(
        operation_id="list_events",
        parameters=[AuditEventQuerySerializer],
        responses={200: AuditEventSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List events by page, newest first."""
        wanted = EventFilter(**validated_data(AuditEventQuerySerializer, request.query_params))
        return self.page(request, find_events(wanted), serialize_audit_event)


class AuditEventDetailView(ApiView):
    """One event."""

    actions = {"GET": "audit:read"}

    @extend_schema(
        operation_id="read_event",
        parameters=[IF_NONE_MATCH],
        responses={200: AuditEventSerializer, 304: None},
    )
    def get(self, request: Request, audit_event_id: uuid.UUID) -> Response:
        """Show an event."""
        event = get_event(audit_event_id)
        link = chain_link(event)
        erased = (link.actor_erased_by, link.target_erased_by) if link else ()
        return response_with_etag(request, serialize_audit_event(event), etag_of(event.id, *erased))
