"""The person who asks."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.serializers import OwnUserShape, ProfileRequest, own_user_of
from accounts.auth.login import update_profile
from accounts.authentication import person
from accounts.models import User
from accounts.permissions import IsPersonToRead
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.views import ApiView
from core.http.conditional import etag_of, require_match, tagged


def user_etag(user: User) -> str:
    """Return the entity tag of a person as shown."""
    return etag_of(user.id, user.updated_at)


class Me(ApiView):
    """The person whose token this is."""

    permission_classes = (IsPersonToRead,)

    actions = {"GET": "me:read"}

    @extend_schema(
        operation_id="read_me", parameters=[IF_NONE_MATCH], responses={200: OwnUserShape, 304: None}
    )
    def get(self, request: Request) -> Response:
        user = person(request)
        return tagged(request, own_user_of(user), user_etag(user))

    @extend_schema(
        operation_id="replace_me",
        parameters=[IF_MATCH],
        request=ProfileRequest,
        responses=OwnUserShape,
    )
    def put(self, request: Request) -> Response:
        return self._change(request, partial=False)

    @extend_schema(
        operation_id="change_me",
        parameters=[IF_MATCH],
        request=ProfileRequest,
        responses=OwnUserShape,
    )
    def patch(self, request: Request) -> Response:
        return self._change(request, partial=True)

    def _change(self, request: Request, *, partial: bool) -> Response:
        form = ProfileRequest(data=request.data, partial=partial)
        form.is_valid(raise_exception=True)
        user = update_profile(
            person(request),
            changes=form.validated_data,
            check=lambda row: require_match(request, user_etag(row)),
        )
        return tagged(request, own_user_of(user), user_etag(user))
