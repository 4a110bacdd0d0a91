"""Asking people in."""

import uuid
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.invitation_shapes import (
    InvitationShape,
    IssuedShape,
    NewInvitationRequest,
    invitation_etag,
    invitation_of,
    issued_of,
)
from accounts.api.throttles import by_person, by_tenant, only, take_letter
from accounts.authentication import person
from accounts.invitations.queries import find_invitations, invitation_with_id
from accounts.invitations.services import (
    Check,
    Issued,
    invite,
    make_link,
    require_showable,
    resend,
    revoke,
)
from accounts.invitations.states import STATES
from accounts.models import User
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once

READ, WRITE = "invitations:read", "invitations:write"
LIMITS = only("POST", by_tenant("invite_tenant"), by_person("invite_person"))
STATE = OpenApiParameter("state", str, enum=list(STATES))


class Invitations(ApiView):
    """The workspace's invitations."""

    actions = {"GET": READ, "POST": WRITE}
    limits = (LIMITS,)
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_invitations",
        parameters=[STATE],
        responses={200: InvitationShape(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List invitations by page, the newest first."""
        found = find_invitations(state=request.query_params.get("state", ""))
        return self.page(request, found, invitation_of)

    @extend_schema(
        operation_id="invite",
        request=NewInvitationRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: IssuedShape},
    )
    def post(self, request: Request) -> Response:
        """Ask one address in by mail, or with `max_uses` make a link that several may use.

        The answer is the same whether the address has an account here or not. A role above member
        asks for a recent proof of who asks, which an API key has not: a key invites members only.
        """
        fields, user = parsed(NewInvitationRequest, request), person(request)
        return once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            act=lambda: _shown(request, _issued(fields, user), 201),
            recheck=lambda first: require_showable(first.get("token", ""), actor=user),
        )


def _issued(fields: dict[str, Any], user: User) -> Issued:
    if "max_uses" in fields:
        return make_link(role=fields["role"], max_uses=fields["max_uses"], actor=user)
    take_letter(fields["email"])
    return invite(email=fields["email"], role=fields["role"], actor=user)


class OneInvitation(ApiView):
    """One invitation."""

    actions = {"GET": READ, "DELETE": WRITE}

    @extend_schema(
        operation_id="read_invitation",
        parameters=[IF_NONE_MATCH],
        responses={200: InvitationShape, 304: None},
    )
    def get(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Show an invitation."""
        invitation = invitation_with_id(invitation_id)
        return tagged(request, invitation_of(invitation), invitation_etag(invitation))

    @extend_schema(operation_id="revoke_invitation", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Revoke an invitation; its token is worthless at once."""
        revoke(invitation_id, actor=person(request), check=_matching(request))
        return Response(status=204)


class ResendInvitation(ApiView):
    """Sending an invitation again."""

    actions = {"POST": WRITE}
    limits = (LIMITS,)

    @extend_schema(
        operation_id="resend_invitation",
        request=None,
        parameters=[IF_MATCH],
        responses=IssuedShape,
    )
    def post(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Void the token, and mail another one that is good from now on; a link's is shown."""
        email = invitation_with_id(invitation_id).email
        if email:
            take_letter(email)
        issued = resend(invitation_id, actor=person(request), check=_matching(request))
        return _shown(request, issued, 200)


def _shown(request: Request, issued: Issued, status: int) -> Response:
    response = tagged(request, issued_of(issued), invitation_etag(issued.invitation), status)
    response["Location"] = f"/api/invitations/{issued.invitation.pk}"
    if issued.token:
        response["Cache-Control"] = "no-store"
    return response


def _matching(request: Request) -> Check:
    return lambda invitation: require_match(request, invitation_etag(invitation))
