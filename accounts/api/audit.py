"""The workspace's audit trail, for those who run it."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.audit_events import EventShape, EventsQuery, event_of, link_of
from audit.queries import Wanted, find_events, readable_event
from core.api.openapi import IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import checked_fields
from core.api.views import ApiView
from core.http.conditional import etag_of, tagged


class NewestFirst(KeysetPagination):
    """Events by when they happened."""

    ordering = "-at"


class Events(ApiView):
    """Who did what to what, when and from where."""

    actions = {"GET": "audit:read"}
    pagination_class = NewestFirst

    @extend_schema(
        operation_id="list_events",
        parameters=[EventsQuery],
        responses={200: EventShape(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List events by page, newest first."""
        wanted = Wanted(**checked_fields(EventsQuery, request.query_params))
        return self.page(request, find_events(wanted), event_of)


class OneEvent(ApiView):
    """One event."""

    actions = {"GET": "audit:read"}

    @extend_schema(
        operation_id="read_event",
        parameters=[IF_NONE_MATCH],
        responses={200: EventShape, 304: None},
    )
    def get(self, request: Request, audit_event_id: uuid.UUID) -> Response:
        """Show an event."""
        event = readable_event(audit_event_id)
        link = link_of(event)
        erased = (link.actor_erased_by, link.target_erased_by) if link else ()
        return tagged(request, event_of(event), etag_of(event.id, *erased))
