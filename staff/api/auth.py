"""Log-in and log-out of the staff API."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.serializers import CredentialsSerializer, validated
from core.api.views import ApiView
from staff.authentication import (
    HasStaffPermission,
    StaffAuthentication,
    api_actor,
    request_token,
    require_staff_network,
)
from staff.models import StaffUser
from staff.services import log_in
from staff.tokens import IssuedToken, revoke_token


class LoginRequestSerializer(CredentialsSerializer):
    pass


class StaffSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    email = serializers.EmailField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    is_superuser = serializers.BooleanField()
    permissions = serializers.ListField(
        child=serializers.CharField(), help_text="Rights on tenants, e.g. tenants.view_tenant."
    )


class StaffTokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    user = StaffSerializer()


class StaffLogin(ApiView):
    """Issue a token for e-mail, password and, if enrolled, a second-factor code."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="staff_login", request=LoginRequestSerializer, responses=StaffTokenSerializer
    )
    def post(self, request: Request) -> Response:
        require_staff_network()
        fields = validated(LoginRequestSerializer, request)
        return Response(serialize_issued_token(log_in(**fields)))


class StaffLogout(ApiView):
    """Revoke the token of the request."""

    authentication_classes = (StaffAuthentication,)
    permission_classes = (HasStaffPermission,)

    @extend_schema(operation_id="staff_logout", request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        revoke_token(request_token(request), actor=api_actor(request))
        return Response(status=204)


def serialize_staff(staff: StaffUser) -> dict[str, Any]:
    """Return a staff user as a document."""
    rights = sorted(p for p in staff.get_all_permissions() if p.startswith("tenants."))
    return {
        "id": str(staff.pk),
        "email": staff.email,
        "first_name": staff.first_name,
        "last_name": staff.last_name,
        "is_superuser": staff.is_superuser,
        "permissions": [right for right in rights if right.endswith("_tenant")],
    }


def serialize_issued_token(issued: IssuedToken) -> dict[str, Any]:
    """Return a new token as a document, which is sent once."""
    row = issued.row
    return {
        "access_token": issued.text,
        "token_type": "Bearer",
        "expires_in": round((row.expires_at - row.created_at).total_seconds()),
        "user": serialize_staff(row.staff),
    }
