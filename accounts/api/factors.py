"""The second factors of the person who asks. A passkey will stand beside the app of one-time codes.

Open to people who have yet to add one that their workspace asks for.
"""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.second_factors import (
    ConfirmedSecondFactorSerializer,
    ConfirmSecondFactorSerializer,
    CreatedSecondFactorSerializer,
    CreateSecondFactorSerializer,
    RecoveryCodesSerializer,
    SecondFactorSerializer,
    SecondFactorsSerializer,
    serialize_enrolment,
    serialize_second_factor,
)
from accounts.authentication import current_session, current_user
from accounts.factors.services import (
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
from accounts.models import Authenticator
from accounts.permissions import IsTenantUser
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.serializers import validated
from core.api.views import ApiView
from core.http.conditional import etag_of, require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent


def second_factor_etag(row: Authenticator) -> str:
    """Return the entity tag of a factor as shown."""
    return etag_of(row.id, row.confirmed_at)


class SecondFactorListView(ApiView):
    """What the person has besides the password."""

    permission_classes = (IsTenantUser,)
    actions = {"POST": "me:factors"}

    @extend_schema(operation_id="list_factors", responses=SecondFactorsSerializer)
    def get(self, request: Request) -> Response:
        user = current_user(request)
        shown = [serialize_second_factor(row) for row in list_second_factors(user)]
        # A person has a handful of them at most: one page, in the form of every list.
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
            act=act,
            recheck=lambda first: require_unconfirmed(user, first["id"]),
        )


class SecondFactorDetailView(ApiView):
    """One of them."""

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
    """Show that the app has the secret; from then on the factor counts."""

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
            act=act,
            recheck=lambda first: require_current_codes(session.user, first["recovery_codes"]),
        )


class RecoveryCodesView(ApiView):
    """New recovery codes in place of the former ones."""

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
            act=lambda: Response({"recovery_codes": renew_recovery_codes(user)}, status=201),
            recheck=lambda first: require_current_codes(user, first["recovery_codes"]),
        )
