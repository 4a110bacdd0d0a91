"""What requests about people look like."""

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

from accounts.api.me import user_etag
from accounts.api.serializers import UserSerializer, serialize_user
from accounts.api.throttles import by_tenant, by_user, consume_address_limit, only_method
from accounts.authentication import current_user
from accounts.models import User
from accounts.passwords.validation import validate_new_password
from accounts.second_factors import reset_second_factors
from accounts.users.erasure import erase_user, remove_user
from accounts.users.queries import ORDERINGS, get_user, search_users
from accounts.users.services import create_user, prepare_user, update_user
from core.api.fields import EmailField, NameField, TextField
from core.api.filters import validate_ordering
from core.api.openapi import IF_MATCH, IF_NONE_MATCH, ordering_parameter, search_parameter
from core.api.pagination import KeysetPagination
from core.api.serializers import as_validator, validated
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


class TrueOrFalse(serializers.BooleanField):
    """A JSON boolean; words and numbers that could mean one are refused."""

    def to_internal_value(self, data: Any) -> bool:
        """Return the value. Raises ValidationError."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class NewPersonRequest(serializers.Serializer[Any]):
    email = EmailField(max_length=254)
    first_name = NameField(max_length=100, default="", allow_blank=True)
    last_name = NameField(max_length=100, default="", allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices, default=User.Role.MEMBER)
    is_active = TrueOrFalse(default=True)
    password = TextField(
        max_length=1024,
        trim_whitespace=False,
        required=False,
        write_only=True,
        validators=[as_validator(validate_new_password)],
        help_text="Without one the person is mailed a link to set one.",
    )


class ChangePersonRequest(serializers.Serializer[Any]):
    email = EmailField(
        max_length=254, help_text="Asks for a recent proof of who asks; the new one is unverified."
    )
    first_name = NameField(max_length=100, allow_blank=True)
    last_name = NameField(max_length=100, allow_blank=True)
    role = serializers.ChoiceField(User.Role.choices)
    is_active = TrueOrFalse()


class TransferRequest(serializers.Serializer[Any]):
    user_id = serializers.UUIDField(help_text="Who is to own the workspace.")


# The people of a workspace, for those who manage them.


class UserListView(ApiView):
    """Everybody in the workspace."""

    actions = {"GET": "users:read", "POST": "users:write"}
    pagination_class = KeysetPagination

    @extend_schema(
        operation_id="list_users",
        parameters=LIST_PARAMETERS,
        responses={200: UserSerializer(many=True)},
    )
    def get(self, request: Request) -> Response:
        """List people by page."""
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
        request=NewPersonRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: UserSerializer},
    )
    def post(self, request: Request) -> Response:
        """Add a person. Without a password they are mailed a link to set one.

        Such letters count towards the limits of invitations.
        """
        user = current_user(request)
        fields = {"password": None, **validated(NewPersonRequest, request)}
        return idempotent_prepared(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            prepare=lambda: partial(_create_user, request, user, prepare_user(**fields)),
        )


def _create_user(request: Request, by: User, draft: User) -> Response:
    with transaction.atomic():
        added = create_user(by=by, person=draft)
        # It is a letter to an address, as an invitation is.
        if added.is_active and not is_password_usable(added.password):
            EMAIL_LIMITS(request)
            consume_address_limit(added.email)
        return _created_response(added)


def _created_response(user: User) -> Response:
    where = reverse("user", kwargs={"user_id": user.id})
    headers = {"Location": where, "ETag": user_etag(user)}
    return Response(serialize_user(user), status=201, headers=headers)


class UserDetailView(ApiView):
    """One of them: who it is, what they may do, their end."""

    actions = {"GET": "users:read", "PATCH": "users:write", "DELETE": "users:write"}

    @extend_schema(
        operation_id="read_user",
        parameters=[IF_NONE_MATCH],
        responses={200: UserSerializer, 304: None},
    )
    def get(self, request: Request, user_id: uuid.UUID) -> Response:
        """Show a person."""
        user = get_user(user_id)
        return response_with_etag(request, serialize_user(user), user_etag(user))

    @extend_schema(
        operation_id="change_user",
        request=ChangePersonRequest,
        parameters=[IF_MATCH],
        responses=UserSerializer,
    )
    def patch(self, request: Request, user_id: uuid.UUID) -> Response:
        """Change a person. Role and activity count from their next request."""
        changes: dict[str, Any] = validated(ChangePersonRequest, request, partial=True)
        user = update_user(
            user_id, by=current_user(request), changes=changes, check=_if_match_check(request)
        )
        return response_with_etag(request, serialize_user(user), user_etag(user))

    @extend_schema(operation_id="remove_user", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a person. What they made stays in the workspace."""
        remove_user(user_id, by=current_user(request), check=_if_match_check(request))
        return Response(status=204)


class UserSecondFactorsView(ApiView):
    """Somebody's second factor that is lost."""

    has_etag = False

    actions = {"DELETE": "users:factors"}

    @extend_schema(operation_id="reset_user_factors", responses={204: None})
    def delete(self, request: Request, user_id: uuid.UUID) -> Response:
        """Take it from them, with the recovery codes; needs a recent proof."""
        reset_second_factors(user_id, by=current_user(request))
        return Response(status=204)


class UserEraseView(ApiView):
    """Forgetting somebody, who may have been removed before."""

    actions = {"POST": "users:erase"}

    @extend_schema(operation_id="erase_user", request=None, responses={204: None})
    def post(self, request: Request, user_id: uuid.UUID) -> Response:
        """Remove a person and take them out of the audit trail; needs a recent proof."""
        erase_user(user_id, by=current_user(request))
        return Response(status=204)


def _if_match_check(request: Request) -> Any:
    return lambda row: require_match(request, user_etag(row))
