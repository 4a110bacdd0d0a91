"""API of the caller's second factors.

It is available to users who have yet to add the factor that their tenant requires. A passkey will
be another type beside ``totp``.
"""

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import current_session, current_user
from accounts.models import Authenticator
from accounts.permissions import IsTenantUser
from accounts.second_factors import (
    TotpEnrolment,
    confirm_enrolment,
    get_second_factor,
    list_second_factors,
    recovery_codes_left,
    remove_second_factor,
    renew_recovery_codes,
    require_current_codes,
    require_unconfirmed,
    start_totp_enrolment,
)
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.serializers import TextField, validated
from core.api.views import ApiView
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.http.conditional import etag_of, require_match, response_with_etag
from core.text.normalization import timestamp, timestamp_or_none
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent

# A passkey will be a type of its own beside this one.
FACTOR_TYPES = ("totp",)


class CreateSecondFactorSerializer(serializers.Serializer[Any]):
    type = serializers.ChoiceField(FACTOR_TYPES)


class ConfirmSecondFactorSerializer(serializers.Serializer[Any]):
    code = TextField(max_length=MAX_CODE_LENGTH)


class SecondFactorSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    type = serializers.ChoiceField(FACTOR_TYPES)
    created_at = serializers.DateTimeField()
    confirmed_at = serializers.DateTimeField(allow_null=True)


class SecondFactorsSerializer(serializers.Serializer[Any]):
    results = SecondFactorSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    recovery_codes_left = serializers.IntegerField()


class CreatedSecondFactorSerializer(SecondFactorSerializer):
    secret = serializers.CharField(help_text="In base 32; returned only in this response.")
    uri = serializers.CharField(help_text="`otpauth://`, for a QR code.")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(
        child=serializers.CharField(),
        help_text="Returned only in this response. Each code can be used once.",
    )


class ConfirmedSecondFactorSerializer(SecondFactorSerializer, RecoveryCodesSerializer):
    pass


def serialize_second_factor(row: Authenticator) -> dict[str, Any]:
    """Return a factor as the API shows it."""
    return {
        "id": str(row.id),
        "type": "totp",
        "created_at": timestamp(row.created_at),
        "confirmed_at": timestamp_or_none(row.confirmed_at),
    }


def serialize_enrolment(begun: TotpEnrolment) -> dict[str, Any]:
    """Return a new factor with the secret for the app."""
    return {**serialize_second_factor(begun.factor), "secret": begun.secret, "uri": begun.uri}


def second_factor_etag(row: Authenticator) -> str:
    """Return the entity tag of a factor."""
    return etag_of(row.id, row.confirmed_at)


class SecondFactorListView(ApiView):
    """The caller's second factors."""

    permission_classes = (IsTenantUser,)
    actions = {"POST": "me:factors"}

    @extend_schema(operation_id="list_factors", responses=SecondFactorsSerializer)
    def get(self, request: Request) -> Response:
        user = current_user(request)
        shown = [serialize_second_factor(row) for row in list_second_factors(user)]
        # A user has a few of them at most: one page, in the form of every list.
        page = {"results": shown, "next": None, "previous": None}
        return Response({**page, "recovery_codes_left": recovery_codes_left(user)})

    @extend_schema(
        operation_id="begin_factor",
        request=CreateSecondFactorSerializer,
        responses={201: CreatedSecondFactorSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        validated(CreateSecondFactorSerializer, request)
        user = current_user(request)

        def act() -> Response:
            begun = start_totp_enrolment(user)
            return Response(
                serialize_enrolment(begun),
                status=201,
                headers={"ETag": second_factor_etag(begun.factor)},
            )

        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            action=act,
            recheck=lambda first: require_unconfirmed(user, first["id"]),
        )


class SecondFactorDetailView(ApiView):
    """One of the caller's second factors."""

    permission_classes = (IsTenantUser,)
    actions = {"DELETE": "me:factors"}

    @extend_schema(
        operation_id="read_factor",
        parameters=[IF_NONE_MATCH],
        responses={200: SecondFactorSerializer, 304: None},
    )
    def get(self, request: Request, factor_id: uuid.UUID) -> Response:
        row = get_second_factor(current_user(request), factor_id)
        return response_with_etag(request, serialize_second_factor(row), second_factor_etag(row))

    @extend_schema(operation_id="remove_factor", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, factor_id: uuid.UUID) -> Response:
        remove_second_factor(
            current_user(request),
            factor_id,
            check=lambda row: require_match(request, second_factor_etag(row)),
        )
        return Response(status=204)


class SecondFactorConfirmView(ApiView):
    """Confirm a factor with a first code. From then on it is required at log-in."""

    permission_classes = (IsTenantUser,)

    @extend_schema(
        operation_id="confirm_factor",
        request=ConfirmSecondFactorSerializer,
        responses=ConfirmedSecondFactorSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, factor_id: uuid.UUID) -> Response:
        code = validated(ConfirmSecondFactorSerializer, request)["code"]
        session = current_session(request)

        def act() -> Response:
            row, codes = confirm_enrolment(session, factor_id, code)
            shown = {**serialize_second_factor(row), "recovery_codes": codes}
            return Response(shown, headers={"ETag": second_factor_etag(row)})

        return idempotent(
            request,
            caller=str(session.user_id),
            fingerprint=fingerprint_of(request.data),
            action=act,
            recheck=lambda first: require_current_codes(session.user, first["recovery_codes"]),
        )


class RecoveryCodesView(ApiView):
    """New recovery codes that replace the former ones."""

    permission_classes = (IsTenantUser,)
    actions = {"POST": "me:factors"}

    @extend_schema(
        operation_id="renew_recovery_codes",
        request=None,
        responses={201: RecoveryCodesSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        user = current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of("recovery-codes"),
            action=lambda: Response({"recovery_codes": renew_recovery_codes(user)}, status=201),
            recheck=lambda first: require_current_codes(user, first["recovery_codes"]),
        )
