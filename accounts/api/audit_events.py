"""API of the tenant's audit trail."""

import uuid
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent, AuditLink
from audit.queries import EventFilter, find_events, get_event
from core.api.identifiers import IdentifierField
from core.api.openapi import IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import RegexField, TimestampField, validated_data
from core.api.views import ApiView
from core.http.conditional import etag_of, response_with_etag
from core.text.normalization import timestamp

DOTTED_WORDS = r"^[a-z0-9_]+(\.[a-z0-9_]+)*"
SHORT_ID_LENGTH = 8


class AuditEventQuerySerializer(serializers.Serializer[Any]):
    action = RegexField(
        DOTTED_WORDS + r"\.?$",
        max_length=60,
        required=False,
        help_text="An action, or the beginning of several: `user.`",
    )
    actor = IdentifierField(max_length=64, required=False, help_text="The id of the actor.")
    target = IdentifierField(max_length=64, required=False, help_text="The id of the target.")
    target_type = RegexField(DOTTED_WORDS + "$", max_length=30, required=False)
    after = TimestampField(required=False, help_text="From this time on, inclusive (RFC 3339).")
    before = TimestampField(required=False, help_text="Up to this time, exclusive.")


class AuditReferenceSerializer(serializers.Serializer[Any]):
    type = serializers.CharField(allow_blank=True)
    id = serializers.CharField(allow_blank=True)
    label = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text="The label at the time of the event, unless erased."
    )


class AuditEventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    actor = AuditReferenceSerializer()
    target = AuditReferenceSerializer(allow_null=True)
    ip = serializers.IPAddressField(allow_null=True)
    user_agent = serializers.CharField(allow_blank=True)
    request_id = serializers.CharField(allow_blank=True)
    details = serializers.DictField()
    sequence = serializers.IntegerField(allow_null=True, help_text="The place in the chain.")
    hash = serializers.CharField(allow_null=True, help_text="SHA-256 in hexadecimal.")


def chain_link(event: AuditEvent) -> AuditLink | None:
    """Return an event's place in the chain; None only after tampering."""
    try:
        link: AuditLink = event.link
    except ObjectDoesNotExist:
        return None
    return link


def serialize_audit_event(event: AuditEvent) -> dict[str, Any]:
    """Return an event as the API shows it."""
    link = chain_link(event)
    actor = _label(event.actor_label, event.actor_id, link and link.actor_erased_by)
    target = _label(event.target_label, event.target_id, link and link.target_erased_by)
    return {
        "id": str(event.id),
        "at": timestamp(event.at),
        "action": event.action,
        "actor": {"type": event.actor_type, "id": event.actor_id, "label": actor},
        "target": {"type": event.target_type, "id": event.target_id, "label": target}
        if event.target_type
        else None,
        "ip": event.ip,
        "user_agent": event.user_agent,
        "request_id": event.request_id,
        "details": event.details,
        "sequence": link and link.sequence,
        "hash": bytes(link.hash).hex() if link and link.hash else None,
    }


def _label(label: str, identity: str, erased_by: object) -> str:
    """Return a label. For an erased user it is the end of the id, to distinguish users."""
    if not erased_by:
        return label
    return f"erased person {identity[-SHORT_ID_LENGTH:]}".strip()


class NewestFirstPagination(KeysetPagination):
    """Pages of events, newest first."""

    ordering = "-at"


class AuditEventListView(ApiView):
    """Audit events: actor, action, target, time and client address."""

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
    """One audit event."""

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
