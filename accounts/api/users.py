"""API of users, for managers."""

import uuid
from functools import partial
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.db import transaction
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.api.serializers import UserSerializer, serialize_user, user_etag
from accounts.api.throttles import by_tenant, by_user, consume_address_limit, only_method
from accounts.authentication import current_user
from accounts.models import User
from accounts.passwords.validation import validate_new_password
from accounts.second_factors import reset_second_factors
from accounts.users.erasure import erase_user, remove_user
from accounts.users.queries import ORDERINGS, get_user, search_users
from accounts.users.services import create_user, prepare_user, update_user
from core.api.filters import ordering_parameter, search_parameter, validate_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import EmailField, NameField, TextField, as_validator, validated
from core.api.views import ApiView
from core.http.conditional import require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent_prepared

EMAIL_LIMITS = only_method("POST", by_tenant("invite_tenant"), by_user("invite_person"))
LIST_PARAMETERS = [
    search_parameter("A part of the address or the name, without case."),
    OpenApiParameter("role", str, enum=User.Role.values),
    OpenApiParameter("is_active", bool),
    ordering_parameter(ORDERINGS),
]


class StrictBooleanField(serializers.BooleanField):
    """A JSON boolean. Words and numbers are refused."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the value. Raises: ValidationError."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class CreateUserSerializer(serializers.Serializer[Any]):
    email = EmailField(max_length=254)
    first_name = NameField(max_length=100, default="", allow_blank=True)
    last_name = NameField(max_length=100, default="", allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices, default=User.Role.MEMBER)
    is_active = StrictBooleanField(default=True)
    password = TextField(
        max_length=1024,
        trim_whitespace=False,
        required=False,
        write_only=True,
        validators=[as_validator(validate_new_password)],
        help_text="Without it, the user gets an e-mail with a link to set one.",
    )


class UpdateUserSerializer(serializers.Serializer[Any]):
    email = EmailField(
        max_length=254, help_text="Needs a recent authentication; the new address is unverified."
    )
    first_name = NameField(max_length=100, allow_blank=True)
    last_name = NameField(max_length=100, allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices)
    is_active = StrictBooleanField()


class UserListView(ApiView):
    """The users of the workspace."""

    actions = {"GET": "users:read", "POST": "users:write"}
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_users",
        parameters=LIST_PARAMETERS,
        responses={200: UserSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List users by page."""
        asked = request.query_params
        ordering = validate_ordering(asked.get("ordering", ""), ORDERINGS)
        found = search_users(
            search=asked.get("search", ""),
            role=asked.get("role", ""),
            is_active=asked.get("is_active", ""),
        )
        return self.page(request, found, serialize_user, ordering=ordering)

    @extend_schema(
        operation_id="create_user",
        request=CreateUserSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: UserSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a user. Without a password, the user gets an e-mail with a link to set one.

        Such e-mails count towards the limits of invitations.
        """
        user = current_user(request)
        fields = {"password": None, **validated(CreateUserSerializer, request)}
        return idempotent_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: partial(_create_user, request, user, prepare_user(**fields)),
        )


def _create_user(request: Request, by: User, draft: User) -> Response:
    with transaction.atomic():
        added = create_user(by=by, user=draft)
        # An e-mail to an address that the caller chose, like an invitation.
        if added.is_active and not is_password_usable(added.password):
            EMAIL_LIMITS(request)
            consume_address_limit(added.email)
        return _created_response(added)


def _created_response(user: User) -> Response:
    where = reverse("user", kwargs={"user_id": user.id})
    headers = {"Location": where, "ETag": user_etag(user)}
    return Response(serialize_user(user), status=201, headers=headers)


class UserDetailView(ApiView):
    """One user."""

    actions = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    @extend_schema(
        operation_id="read_user",
        parameters=[IF_NONE_MATCH],
        responses={200: UserSerializer, 304: None},
    )
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """Show a user."""
        user = get_user(user_id)
        return response_with_etag(request, serialize_user(user), user_etag(user))

    @extend_schema(
        operation_id="change_user",
        request=UpdateUserSerializer,
        parameters=[IF_MATCH],
        responses=UserSerializer,
    )
    def patch(self, request: Request, user_id: uuid.UUID) -> Response:
        """Change a user. Role and activity take effect from the user's next request."""
        changes: dict[str, Any] = validated(UpdateUserSerializer, request, partial=True)
        user = update_user(
            user_id, by=current_user(request), changes=changes, check=_if_match_check(request)
        )
        return response_with_etag(request, serialize_user(user), user_etag(user))

    @extend_schema(operation_id="remove_user", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a user. The user's files stay in the workspace."""
        remove_user(user_id, by=current_user(request), check=_if_match_check(request))
        return Response(status=204)


class UserSecondFactorsView(ApiView):
    """A user's lost second factor."""

    has_etag = False

    actions = {"DELETE": "users:factors"}

    @extend_schema(operation_id="reset_user_factors", responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove the second factor and the recovery codes. Needs a recent authentication."""
        reset_second_factors(user_id, by=current_user(request))
        return Response(status=204)


class UserEraseView(ApiView):
    """Erasure of a user, who may have been removed before."""

    actions = {"POST": "users:erase"}

    @extend_schema(operation_id="erase_user", request=None, responses={204: None})
    def post(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a user and erase the user from the audit trail. Needs a recent authentication."""
        erase_user(user_id, by=current_user(request))
        return Response(status=204)


def _if_match_check(request: Request) -> Any:
    return lambda row: require_match(request, user_etag(row))
