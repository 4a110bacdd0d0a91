"""What requests and answers about invitations look like. The rules live in services."""

from typing import Any

from rest_framework import serializers

from accounts.invitations.queries import invitation_state
from accounts.invitations.services import IssuedInvitation
from accounts.invitations.states import STATES
from accounts.models import Invitation, User
from core.api.fields import EmailField, IntegerField
from core.http.conditional import etag_of_document
from core.text.formatting import timestamp
from tenants.context import current_tenant
from tenants.hosts import site_url

MIN_LINK_USES, MAX_LINK_USES = 2, 1000


class CreateInvitationSerializer(serializers.Serializer[Any]):
    email = EmailField(max_length=254, required=False, help_text="Who is asked in, by mail.")
    role = serializers.ChoiceField(User.Role.choices, required=False, default=User.Role.MEMBER)
    max_uses = IntegerField(
        min_value=MIN_LINK_USES,
        max_value=MAX_LINK_USES,
        required=False,
        help_text="In place of `email`: a link by which so many people may join.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Ask for an address or a number of uses, not both; a link makes no owners."""
        is_link = "max_uses" in attrs
        if not is_link and "email" not in attrs:
            raise serializers.ValidationError({"email": ["This field is required."]}, "required")
        if is_link and "email" in attrs:
            said = "An invitation to one address is used once."
            raise serializers.ValidationError({"max_uses": [said]}, "not_with_email")
        if is_link and attrs["role"] == User.Role.OWNER:
            said = "A link that several people may use makes no owners."
            raise serializers.ValidationError({"role": [said]}, "not_by_link")
        return attrs


class InviterSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField(allow_null=True, help_text="Null for a link.")
    role = serializers.ChoiceField(User.Role.choices)
    state = serializers.ChoiceField(STATES)
    invited_by = InviterSerializer()
    max_uses = serializers.IntegerField()
    uses = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IssuedInvitationSerializer(InvitationSerializer):
    token = serializers.CharField(required=False, help_text="Of a link; in this answer alone.")
    url = serializers.URLField(required=False, help_text="Of a link; in this answer alone.")


def serialize_invitation(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation as the API shows it."""
    inviter = invitation.invited_by
    return {
        "id": str(invitation.pk),
        "email": invitation.email or None,
        "role": invitation.role,
        "state": invitation_state(invitation),
        "invited_by": {"id": str(inviter.pk), "email": inviter.email},
        "max_uses": invitation.max_uses,
        "uses": invitation.uses,
        "expires_at": timestamp(invitation.expires_at),
        "created_at": timestamp(invitation.created_at),
        "updated_at": timestamp(invitation.updated_at),
    }


def serialize_issued_invitation(issued: IssuedInvitation) -> dict[str, Any]:
    """Return an invitation, with its token and address if whoever asked is to hand them on."""
    document = serialize_invitation(issued.invitation)
    if not issued.token:
        return document
    url = f"{site_url(current_tenant().slug)}/join?token={issued.token}"
    return {**document, "token": issued.token, "url": url}


def invitation_etag(invitation: Invitation) -> str:
    """Return the entity tag of an invitation as shown."""
    return etag_of_document(serialize_invitation(invitation))
