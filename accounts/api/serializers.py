"""What requests and answers of accounts look like. Shapes only; the rules live in services."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.passwords.validation import require_good
from accounts.sessions.services import Opened
from accounts.sessions.tokens import access_token, lifetimes
from core.api.fields import EmailField, NameField, TextField
from core.api.serializers import CredentialsShape, by_rule
from core.text.formatting import timestamp
from tenants.names import LONGEST_NAME, checked_name
from tenants.slugs import MOST
from tenants.slugs import checked as checked_slug

ON_API = "On api. only, and only without a credential: that names its workspace itself."


class LoginRequest(CredentialsShape):
    tenant = TextField(max_length=40, required=False, help_text=ON_API)


class PersonRequest(serializers.Serializer[Any]):
    email = EmailField(max_length=254)
    password = TextField(max_length=1024, trim_whitespace=False, validators=[by_rule(require_good)])
    first_name = NameField(max_length=100, required=False, default="", allow_blank=True)
    last_name = NameField(max_length=100, required=False, default="", allow_blank=True)


class RegisterRequest(PersonRequest):
    invitation = TextField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="The token of an invitation; one that is not good is refused everywhere.",
    )
    tenant = TextField(max_length=40, required=False, help_text=ON_API)


class SignUpRequest(PersonRequest):
    company = TextField(max_length=LONGEST_NAME, validators=[by_rule(checked_name)])
    subdomain = TextField(
        max_length=MOST, length_code="invalid_length", validators=[by_rule(checked_slug)]
    )


class RefreshRequest(serializers.Serializer[Any]):
    refresh_token = TextField(max_length=4096, help_text="It names its workspace.")


class LogoutRequest(serializers.Serializer[Any]):
    refresh_token = TextField(max_length=4096, required=False)


class ProfileRequest(serializers.Serializer[Any]):
    first_name = NameField(max_length=100, allow_blank=True)
    last_name = NameField(max_length=100, allow_blank=True)


class UserShape(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = (
            "id",
            "email",
            "first_name",
            "last_name",
            "role",
            "is_active",
            "created_at",
            "updated_at",
        )
        read_only_fields = fields


GIVEN = "Present and true while the password is one that somebody else has chosen."


class OwnUserShape(UserShape):
    password_change_required = serializers.BooleanField(required=False, help_text=GIVEN)

    class Meta:
        model = User
        fields = (*UserShape.Meta.fields, "password_change_required")
        read_only_fields = fields


class TokensShape(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    refresh_expires_in = serializers.IntegerField()
    user = UserShape()
    password_change_required = serializers.BooleanField(required=False, help_text=GIVEN)


class TenantSummary(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()


class SignedUpShape(TokensShape):
    tenant = TenantSummary()


def user_of(user: User) -> dict[str, Any]:
    """Return a person as the API shows them."""
    return {
        "id": str(user.id),
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
        "is_active": user.is_active,
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
    }


def own_user_of(user: User) -> dict[str, Any]:
    """Return a user as the API shows them to themselves."""
    return {**user_of(user), **_given_password(user)}


def _given_password(user: User) -> dict[str, Any]:
    return {"password_change_required": True} if user.password_change_required else {}


def tokens_of(opened: Opened) -> dict[str, Any]:
    """Return both tokens of a session as the API shows them."""
    return {
        "access_token": access_token(opened.session, opened.user),
        "refresh_token": opened.refresh_token,
        "token_type": "Bearer",
        **lifetimes(opened.session),
        "user": user_of(opened.user),
        **_given_password(opened.user),
    }
