"""Proving again who one is."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.second_factors import ProveRequest
from accounts.auth.login_throttling import counted_attempt
from accounts.auth.reauthentication import prove
from accounts.authentication import session_of
from accounts.passwords.hashing import desk
from accounts.permissions import IsPerson
from core.api.serializers import parsed
from core.api.views import ApiView


class Prove(ApiView):
    """Prove again who asks, for what asks for a recent proof; limited as logging in is."""

    permission_classes = (IsPerson,)

    @extend_schema(operation_id="prove", request=ProveRequest, responses={204: None})
    def post(self, request: Request) -> Response:
        fields = parsed(ProveRequest, request)
        session = session_of(request)
        desk().require_place()
        with counted_attempt(session.user.email):
            prove(session, password=fields.get("password"), code=fields.get("code"))
        return Response(status=204)
