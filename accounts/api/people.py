"""The people of a workspace, for those who manage them."""

import uuid
from functools import partial
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.api.me import user_etag
from accounts.api.serializers import UserShape, user_of
from accounts.api.throttles import by_person, by_tenant, only, take_letter
from accounts.api.users import ChangePersonRequest, NewPersonRequest
from accounts.authentication import person
from accounts.factors.reset import reset_factors
from accounts.models import User
from accounts.users.erasure import erase_person, remove_person
from accounts.users.queries import ORDERINGS, find_people, readable_person
from accounts.users.services import change_person, create_person, new_person
from core.api.filters import checked_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH, ordering_by, search_for
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once_prepared

LETTERS = only("POST", by_tenant("invite_tenant"), by_person("invite_person"))
LISTING = [
    search_for("A part of the address or the name, without case."),
    OpenApiParameter("role", str, enum=User.Role.values),
    OpenApiParameter("is_active", bool),
    ordering_by(ORDERINGS),
]


class People(ApiView):
    """Everybody in the workspace."""

    actions = {"GET": "users:read", "POST": "users:write"}
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_users", parameters=LISTING, responses={200: UserShape(many=True)}
    )
    def get(self, request: Request) -> Response:
        """List people by page."""
        asked = request.query_params
        ordering = checked_ordering(asked.get("ordering", ""), ORDERINGS)
        found = find_people(
            search=asked.get("search", ""),
            role=asked.get("role", ""),
            is_active=asked.get("is_active", ""),
        )
        return self.page(request, found, user_of, ordering=ordering)

    @extend_schema(
        operation_id="create_user",
        request=NewPersonRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: UserShape},
    )
    def post(self, request: Request) -> Response:
        """Add a person. Without a password they are mailed a link to set one.

        Such letters count towards the limits of invitations.
        """
        user = person(request)
        fields = {"password": None, **parsed(NewPersonRequest, request)}
        return once_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: partial(_added, request, user, new_person(**fields)),
        )


def _added(request: Request, by: User, draft: User) -> Response:
    with transaction.atomic():
        added = create_person(by=by, person=draft)
        # It is a letter to an address, as an invitation is.
        if added.is_active and not is_password_usable(added.password):
            LETTERS(request)
            take_letter(added.email)
        return _created(added)


def _created(user: User) -> Response:
    where = reverse("user", kwargs={"user_id": user.id})
    headers = {"Location": where, "ETag": user_etag(user)}
    return Response(user_of(user), status=201, headers=headers)


class OnePerson(ApiView):
    """One of them: who it is, what they may do, their end."""

    actions = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    @extend_schema(
        operation_id="read_user",
        parameters=[IF_NONE_MATCH],
        responses={200: UserShape, 304: None},
    )
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """Show a person."""
        user = readable_person(user_id)
        return tagged(request, user_of(user), user_etag(user))

    @extend_schema(
        operation_id="change_user",
        request=ChangePersonRequest,
        parameters=[IF_MATCH],
        responses=UserShape,
    )
    def patch(self, request: Request, user_id: uuid.UUID) -> Response:
        """Change a person. Role and activity count from their next request."""
        changes: dict[str, Any] = parsed(ChangePersonRequest, request, partial=True)
        user = change_person(user_id, by=person(request), changes=changes, check=_matching(request))
        return tagged(request, user_of(user), user_etag(user))

    @extend_schema(operation_id="remove_user", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a person. What they made stays in the workspace."""
        remove_person(user_id, by=person(request), check=_matching(request))
        return Response(status=204)


class Factors(ApiView):
    """Somebody's second factor that is lost."""

    has_etag = False

    actions = {"DELETE": "users:factors"}

    @extend_schema(operation_id="reset_user_factors", responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Take it from them, with the recovery codes; needs a recent proof."""
        reset_factors(user_id, by=person(request))
        return Response(status=204)


class Erasure(ApiView):
    """Forgetting somebody, who may have been removed before."""

    actions = {"POST": "users:erase"}

    @extend_schema(operation_id="erase_user", request=None, responses={204: None})
    def post(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a person and take them out of the audit trail; needs a recent proof."""
        erase_person(user_id, by=person(request))
        return Response(status=204)


def _matching(request: Request) -> Any:
    return lambda row: require_match(request, user_etag(row))
