"""What a session looks like to its person and to who manages the workspace."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from accounts.models import Session
from accounts.sessions.expiry import absolute_expiry, session_end
from core.http.conditional import etag_of_document
from core.text.formatting import timestamp


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    created_at = serializers.DateTimeField(help_text="The log-in.")
    last_used_at = serializers.DateTimeField(help_text="To the minute.")
    expires_at = serializers.DateTimeField(help_text="It can be refreshed until then.")
    proved_at = serializers.DateTimeField(help_text="When its person last proved who they are.")
    ip = serializers.IPAddressField(allow_null=True, help_text="Of the last use.")
    user_agent = serializers.CharField(allow_blank=True, help_text="Of the last use.")
    current = serializers.BooleanField(help_text="Whether this session asks.")
    ended_at = serializers.DateTimeField(allow_null=True)
    end_reason = serializers.ChoiceField(Session.End.choices, allow_null=True)


def serialize_session(session: Session, asking: object) -> dict[str, Any]:
    """Return a session as the API shows it; ``asking`` is what the request was made with."""
    absolute = absolute_expiry(session.created_at)
    ending = session_end(session, timezone.now())
    return {
        "id": str(session.id),
        "created_at": timestamp(session.created_at),
        "last_used_at": timestamp(session.last_used_at),
        "expires_at": timestamp(min(filter(None, (session.expires_at, absolute)))),
        "proved_at": timestamp(session.proved_at),
        "ip": session.ip,
        "user_agent": session.user_agent,
        "current": isinstance(asking, Session) and asking.pk == session.pk,
        "ended_at": timestamp(ending.at) if ending else None,
        "end_reason": ending.reason if ending else None,
    }


def session_etag(session: Session, asking: object) -> str:
    """Return the entity tag of a session as shown; a use that is noted changes it."""
    return etag_of_document(serialize_session(session, asking))
