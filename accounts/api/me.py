"""The person who asks."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import OwnUserSerializer, UpdateProfileSerializer, serialize_own_user
from accounts.auth.login import update_profile
from accounts.authentication import current_user
from accounts.models import User
from accounts.permissions import IsAdmittedUserOrReadOnly
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.views import ApiView
from core.http.conditional import etag_of, require_match, response_with_etag


def user_etag(user: User) -> str:
    """Return the entity tag of a person as shown."""
    return etag_of(user.id, user.updated_at)


class MeView(ApiView):
    """The person whose token this is."""

    permission_classes = (IsAdmittedUserOrReadOnly,)

    actions = {"GET": "me:read"}

    @extend_schema(
        operation_id="read_me",
        parameters=[IF_NONE_MATCH],
        responses={200: OwnUserSerializer, 304: None},
    )
    def get(self, request: Request) -> Response:
        user = current_user(request)
        return response_with_etag(request, serialize_own_user(user), user_etag(user))

    @extend_schema(
        operation_id="replace_me",
        parameters=[IF_MATCH],
        request=UpdateProfileSerializer,
        responses=OwnUserSerializer,
    )
    def put(self, request: Request) -> Response:
        return self._change(request, partial=False)

    @extend_schema(
        operation_id="change_me",
        parameters=[IF_MATCH],
        request=UpdateProfileSerializer,
        responses=OwnUserSerializer,
    )
    def patch(self, request: Request) -> Response:
        return self._change(request, partial=True)

    def _change(self, request: Request, *, partial: bool) -> Response:
        form = UpdateProfileSerializer(data=request.data, partial=partial)
        form.is_valid(raise_exception=True)
        user = update_profile(
            current_user(request),
            changes=form.validated_data,
            check=lambda row: require_match(request, user_etag(row)),
        )
        return response_with_etag(request, serialize_own_user(user), user_etag(user))
