"""Asking people in."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.invitation_shapes import (
    CreateInvitationSerializer,
    InvitationSerializer,
    IssuedInvitationSerializer,
    invitation_etag,
    serialize_invitation,
    serialize_issued_invitation,
)
from accounts.api.throttles import by_tenant, by_user, consume_address_limit, only_method
from accounts.authentication import current_user
from accounts.invitations.queries import find_invitations, get_invitation
from accounts.invitations.services import (
    Check,
    IssuedInvitation,
    create_invitation_link,
    invite,
    require_token_still_valid,
    resend_invitation,
    revoke_invitation,
)
from accounts.invitations.states import STATES
from accounts.models import User
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

READ_ACTION, WRITE_ACTION = "invitations:read", "invitations:write"
INVITATION_LIMITS = only_method("POST", by_tenant("invite_tenant"), by_user("invite_person"))
STATE_PARAMETER = OpenApiParameter("state", str, enum=list(STATES))


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
        """List invitations by page, the newest first."""
        found = find_invitations(state=request.query_params.get("state", ""))
        return self.page(request, found, serialize_invitation)

    @extend_schema(
        operation_id="invite",
        request=CreateInvitationSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: IssuedInvitationSerializer},
    )
    def post(self, request: Request) -> Response:
        """Ask one address in by mail, or with `max_uses` make a link that several may use.

        The answer is the same whether the address has an account here or not. A role above member
        asks for a recent proof of who asks, which an API key has not: a key invites members only.
        """
        fields, user = validated(CreateInvitationSerializer, request), current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            act=lambda: _invitation_response(request, _create_invitation(fields, user), 201),
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
        """Revoke an invitation; its token is worthless at once."""
        revoke_invitation(
            invitation_id, actor=current_user(request), check=_if_match_check(request)
        )
        return Response(status=204)


class InvitationResendView(ApiView):
    """Sending an invitation again."""

    actions = {"POST": WRITE_ACTION}
    limits = (INVITATION_LIMITS,)

    @extend_schema(
        operation_id="resend_invitation",
        request=None,
        parameters=[IF_MATCH],
        responses=IssuedInvitationSerializer,
    )
    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Void the token, and mail another one that is good from now on; a link's is shown."""
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
