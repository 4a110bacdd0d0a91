"""API of the caller's own profile."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import (
    OwnUserSerializer,
    UpdateProfileSerializer,
    serialize_own_user,
    user_etag,
)
from accounts.authentication import current_user
from accounts.permissions import IsAdmittedUserOrReadOnly
from accounts.users.services import update_profile
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag


class MeView(ApiView):
    """The caller's own profile."""

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
