"""API of invitations."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.throttles import by_tenant, by_user, consume_address_limit, only_method
from accounts.authentication import current_user
from accounts.invitations.queries import STATES, find_invitations, get_invitation, invitation_state
from accounts.invitations.services import (
    MAX_LINK_USES,
    MIN_LINK_USES,
    Check,
    IssuedInvitation,
    create_invitation_link,
    invite,
    require_token_still_valid,
    resend_invitation,
    revoke_invitation,
)
from accounts.models import Invitation, User
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import EmailField, IntegerField, validated
from core.api.views import ApiView
from core.http.conditional import etag_of_document, require_match, response_with_etag
from core.text.normalization import timestamp
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent
from tenants.context import current_tenant
from tenants.routing import site_url

READ_ACTION, WRITE_ACTION = "invitations:read", "invitations:write"
INVITATION_LIMITS = only_method("POST", by_tenant("invite_tenant"), by_user("invite_person"))
STATE_PARAMETER = OpenApiParameter("state", str, enum=list(STATES))


class CreateInvitationSerializer(serializers.Serializer[Any]):
    email = EmailField(
        max_length=254, required=False, help_text="The invited address, which gets an e-mail."
    )
    role = serializers.ChoiceField(User.Role.choices, required=False, default=User.Role.MEMBER)
    max_uses = IntegerField(
        min_value=MIN_LINK_USES,
        max_value=MAX_LINK_USES,
        required=False,
        help_text="Instead of `email`: a link with which this many people may join.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Require an address or a number of uses, not both."""
        is_link = "max_uses" in attrs
        if not is_link and "email" not in attrs:
            raise serializers.ValidationError({"email": ["This field is required."]}, "required")
        if is_link and "email" in attrs:
            message = "An invitation to one address is used once."
            raise serializers.ValidationError({"max_uses": [message]}, "not_with_email")
        return attrs


class InviterSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()


class InvitationSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField(allow_null=True, help_text="Null for an invitation by link.")
    role = serializers.ChoiceField(User.Role.choices)
    state = serializers.ChoiceField(STATES)
    invited_by = InviterSerializer(
        allow_null=True, help_text="Null if the platform's staff invited."
    )
    max_uses = serializers.IntegerField()
    uses = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IssuedInvitationSerializer(InvitationSerializer):
    token = serializers.CharField(
        required=False, help_text="Only for a link, and only in this response."
    )
    url = serializers.URLField(
        required=False, help_text="Only for a link, and only in this response."
    )


def serialize_invitation(invitation: Invitation) -> dict[str, Any]:
    """Return an invitation as the API shows it."""
    inviter = invitation.invited_by
    return {
        "id": str(invitation.pk),
        "email": invitation.email or None,
        "role": invitation.role,
        "state": invitation_state(invitation),
        "invited_by": {"id": str(inviter.pk), "email": inviter.email} if inviter else None,
        "max_uses": invitation.max_uses,
        "uses": invitation.uses,
        "expires_at": timestamp(invitation.expires_at),
        "created_at": timestamp(invitation.created_at),
        "updated_at": timestamp(invitation.updated_at),
    }


def serialize_issued_invitation(issued: IssuedInvitation) -> dict[str, Any]:
    """Return an invitation with its token and URL, if it is a link."""
    document = serialize_invitation(issued.invitation)
    if not issued.token:
        return document
    url = f"{site_url(current_tenant().slug)}/join?token={issued.token}"
    return {**document, "token": issued.token, "url": url}


def invitation_etag(invitation: Invitation) -> str:
    """Return the entity tag of an invitation."""
    return etag_of_document(serialize_invitation(invitation))


class InvitationListView(ApiView):
    """The workspace's invitations."""

    actions = {"GET": READ_ACTION, "POST": WRITE_ACTION}
    limits = (INVITATION_LIMITS,)
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_invitations",
        parameters=[STATE_PARAMETER],
        responses={200: InvitationSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List invitations by page, newest first."""
        found = find_invitations(state=request.query_params.get("state", ""))
        return self.page(request, found, serialize_invitation)

    @extend_schema(
        operation_id="invite",
        request=CreateInvitationSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: IssuedInvitationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Invite one address by e-mail, or with `max_uses` create a link for several users.

        The response is the same whether the address has an account here or not. A role above member
        needs a recent authentication, so an API key invites members only.
        """
        fields, user = validated(CreateInvitationSerializer, request), current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            action=lambda: _invitation_response(request, _create_invitation(fields, user), 201),
            recheck=lambda first: require_token_still_valid(first.get("token", ""), actor=user),
        )


def _create_invitation(fields: dict[str, Any], user: User) -> IssuedInvitation:
    if "max_uses" in fields:
        return create_invitation_link(role=fields["role"], max_uses=fields["max_uses"], actor=user)
    consume_address_limit(fields["email"])
    return invite(email=fields["email"], role=fields["role"], actor=user)


class InvitationDetailView(ApiView):
    """One invitation."""

    actions = {"GET": READ_ACTION, "DELETE": WRITE_ACTION}

    @extend_schema(
        operation_id="read_invitation",
        parameters=[IF_NONE_MATCH],
        responses={200: InvitationSerializer, 304: None},
    )
    def get(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Show an invitation."""
        invitation = get_invitation(invitation_id)
        return response_with_etag(
            request, serialize_invitation(invitation), invitation_etag(invitation)
        )

    @extend_schema(operation_id="revoke_invitation", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Revoke an invitation. Its token is invalid at once."""
        revoke_invitation(
            invitation_id, actor=current_user(request), check=_if_match_check(request)
        )
        return Response(status=204)


class InvitationResendView(ApiView):
    """Resending of an invitation."""

    actions = {"POST": WRITE_ACTION}
    limits = (INVITATION_LIMITS,)

    @extend_schema(
        operation_id="resend_invitation",
        request=None,
        parameters=[IF_MATCH],
        responses=IssuedInvitationSerializer,
    )
    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Replace the token and send it by e-mail; the new token of a link is in the response."""
        email = get_invitation(invitation_id).email
        if email:
            consume_address_limit(email)
        issued = resend_invitation(
            invitation_id, actor=current_user(request), check=_if_match_check(request)
        )
        return _invitation_response(request, issued, 200)


def _invitation_response(request: Request, issued: IssuedInvitation, status: int) -> Response:
    response = response_with_etag(
        request, serialize_issued_invitation(issued), invitation_etag(issued.invitation), status
    )
    response["Location"] = f"/api/invitations/{issued.invitation.pk}"
    if issued.token:
        response["Cache-Control"] = "no-store"
    return response


def _if_match_check(request: Request) -> Check:
    return lambda invitation: require_match(request, invitation_etag(invitation))
