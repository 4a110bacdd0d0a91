"""Handing the workspace over."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import UserSerializer, serialize_user
from accounts.api.users import TransferRequest
from accounts.authentication import current_user
from accounts.people.transfer import transfer_ownership
from core.api.serializers import validated
from core.api.views import ApiView


class OwnershipTransferView(ApiView):
    """Somebody else becomes an owner in the caller's place."""

    actions = {"POST": "tenant:transfer"}

    @extend_schema(
        operation_id="transfer_tenant", request=TransferRequest, responses=UserSerializer
    )
    def post(self, request: Request) -> Response:
        """Make a person an owner and the caller an administrator; needs a recent proof."""
        fields = validated(TransferRequest, request)
        return Response(
            serialize_user(transfer_ownership(fields["user_id"], by=current_user(request)))
        )
