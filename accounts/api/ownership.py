"""Handing the workspace over."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import UserShape, user_of
from accounts.api.users import TransferRequest
from accounts.authentication import person
from accounts.people.transfer import transfer_ownership
from core.api.serializers import parsed
from core.api.views import ApiView


class Transfer(ApiView):
    """Somebody else becomes an owner in the caller's place."""

    actions = {"POST": "tenant:transfer"}

    @extend_schema(operation_id="transfer_tenant", request=TransferRequest, responses=UserShape)
    def post(self, request: Request) -> Response:
        """Make a person an owner and the caller an administrator; needs a recent proof."""
        fields = parsed(TransferRequest, request)
        return Response(user_of(transfer_ownership(fields["user_id"], by=person(request))))
