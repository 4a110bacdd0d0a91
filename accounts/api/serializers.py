"""Serializers that several views of accounts share. Rules are in the services."""

from typing import Any

from rest_framework import serializers

from accounts.models import User
from accounts.passwords.validation import validate_new_password
from accounts.sessions.services import NewSession
from accounts.sessions.tokens import access_token, token_lifetimes
from accounts.users.preferences import (
    MAX_LANGUAGE_LENGTH,
    MAX_TIME_ZONE_LENGTH,
    PREFERENCE_FIELDS,
    clean_language,
    clean_time_zone,
)
from core.api.serializers import (
    CredentialsSerializer,
    EmailField,
    NameField,
    TextField,
    as_validator,
)
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.http.conditional import etag_of
from core.text.email_addresses import MAX_EMAIL_LENGTH
from core.text.normalization import timestamp
from tenants.names import (
    MAX_SLUG_LENGTH,
    MAX_TENANT_NAME_LENGTH,
    clean_new_slug,
    clean_tenant_name,
)

TENANT_FIELD_HELP = "Only on api., and only without a credential: a credential names its workspace."
MAX_EMAIL_TOKEN_LENGTH = 200


class LoginSerializer(CredentialsSerializer):
    tenant = TextField(max_length=40, required=False, help_text=TENANT_FIELD_HELP)


class NewAccountSerializer(serializers.Serializer[Any]):
    email = EmailField(max_length=254)
    password = TextField(
        max_length=1024, trim_whitespace=False, validators=[as_validator(validate_new_password)]
    )
    first_name = NameField(max_length=100, required=False, default="", allow_blank=True)
    last_name = NameField(max_length=100, required=False, default="", allow_blank=True)


class RegisterSerializer(NewAccountSerializer):
    invitation = TextField(
        max_length=200,
        required=False,
        allow_blank=True,
        default="",
        help_text="The token of an invitation; an invalid one is always refused.",
    )
    tenant = TextField(max_length=40, required=False, help_text=TENANT_FIELD_HELP)


class SignupSerializer(NewAccountSerializer):
    company = TextField(
        max_length=MAX_TENANT_NAME_LENGTH, validators=[as_validator(clean_tenant_name)]
    )
    subdomain = TextField(
        max_length=MAX_SLUG_LENGTH,
        length_code="invalid_length",
        validators=[as_validator(clean_new_slug)],
    )


class RefreshSerializer(serializers.Serializer[Any]):
    refresh_token = TextField(max_length=4096, help_text="The token names its workspace.")


class LogoutSerializer(serializers.Serializer[Any]):
    refresh_token = TextField(max_length=4096, required=False)


class ReauthenticateSerializer(serializers.Serializer[Any]):
    password = TextField(max_length=1024, trim_whitespace=False, required=False)
    code = TextField(
        max_length=MAX_CODE_LENGTH,
        required=False,
        help_text="A code of the authenticator app, or a recovery code.",
    )


class UpdateProfileSerializer(serializers.Serializer[Any]):
    first_name = NameField(max_length=100, allow_blank=True)
    last_name = NameField(max_length=100, allow_blank=True)
    language = TextField(
        max_length=MAX_LANGUAGE_LENGTH,
        required=False,
        allow_blank=True,
        validators=[as_validator(clean_language)],
        help_text="`en` or `pt-br`; empty: the default of the workspace.",
    )
    time_zone = TextField(
        max_length=MAX_TIME_ZONE_LENGTH,
        required=False,
        allow_blank=True,
        validators=[as_validator(clean_time_zone)],
        help_text="A name such as `America/Sao_Paulo`; empty: the default of the workspace.",
    )


class TenantFieldSerializer(serializers.Serializer[Any]):
    tenant = TextField(max_length=40, required=False, help_text=TENANT_FIELD_HELP)


class ForgotPasswordSerializer(TenantFieldSerializer):
    # Not EmailField: an invalid address gets the same response as an unknown one.
    email = TextField(max_length=MAX_EMAIL_LENGTH)


class ResetPasswordSerializer(TenantFieldSerializer):
    token = TextField(max_length=MAX_EMAIL_TOKEN_LENGTH)
    password = TextField(max_length=1024, trim_whitespace=False)


class VerifyEmailSerializer(TenantFieldSerializer):
    token = TextField(max_length=MAX_EMAIL_TOKEN_LENGTH)
    password = TextField(
        max_length=1024,
        required=False,
        trim_whitespace=False,
        help_text="To complete a registration: the password to log in with.",
    )


class EmailChangeSerializer(serializers.Serializer[Any]):
    email = EmailField(max_length=254, help_text="The new address.")


class ConfirmEmailChangeSerializer(TenantFieldSerializer):
    token = TextField(max_length=MAX_EMAIL_TOKEN_LENGTH)


class ConfirmedEmailSerializer(serializers.Serializer[Any]):
    email = serializers.EmailField()


class ChangePasswordSerializer(serializers.Serializer[Any]):
    current_password = TextField(max_length=1024, trim_whitespace=False)
    password = TextField(
        max_length=1024, trim_whitespace=False, validators=[as_validator(validate_new_password)]
    )


class UserSerializer(serializers.ModelSerializer[User]):
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


PASSWORD_CHANGE_HELP = "Present and true while the password is one that an administrator chose."  # noqa: S105


class OwnUserSerializer(UserSerializer):
    password_change_required = serializers.BooleanField(
        required=False, help_text=PASSWORD_CHANGE_HELP
    )

    class Meta:
        model = User
        fields = (*UserSerializer.Meta.fields, *PREFERENCE_FIELDS, "password_change_required")
        read_only_fields = fields


class TokensSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    refresh_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    refresh_expires_in = serializers.IntegerField()
    user = OwnUserSerializer()
    password_change_required = serializers.BooleanField(
        required=False, help_text=PASSWORD_CHANGE_HELP
    )


class ConfirmationSentSerializer(serializers.Serializer[Any]):
    confirmation = serializers.ChoiceField(["mailed"])


class TenantSummarySerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    subdomain = serializers.CharField()
    url = serializers.URLField()


class CreatedTenantSerializer(TokensSerializer):
    tenant = TenantSummarySerializer()


def serialize_user(user: User) -> dict[str, Any]:
    """Return a user as the API shows it."""
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


def user_etag(user: User) -> str:
    """Return the entity tag of a user."""
    return etag_of(user.id, user.updated_at)


def serialize_own_user(user: User) -> dict[str, Any]:
    """Return a user as the API shows it to that user."""
    preferences = {name: getattr(user, name) for name in PREFERENCE_FIELDS}
    return {**serialize_user(user), **preferences, **_password_change_flag(user)}


def _password_change_flag(user: User) -> dict[str, Any]:
    return {"password_change_required": True} if user.password_change_required else {}


def serialize_tokens(opened: NewSession) -> dict[str, Any]:
    """Return both tokens of a session as the API shows them."""
    return {
        "access_token": access_token(opened.session, opened.user),
        "refresh_token": opened.refresh_token,
        "token_type": "Bearer",
        **token_lifetimes(opened.session),
        "user": serialize_own_user(opened.user),
        **_password_change_flag(opened.user),
    }
