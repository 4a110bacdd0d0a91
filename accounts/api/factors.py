"""The second factors of the person who asks. A passkey will stand beside the app of one-time codes.

Open to people who have yet to add one that their workspace asks for.
"""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.second_factors import (
    BegunShape,
    ConfirmedShape,
    ConfirmRequest,
    FactorRequest,
    FactorShape,
    FactorsShape,
    RecoveryCodesShape,
    begun_view,
    factor_view,
)
from accounts.authentication import person, session_of
from accounts.factors.services import (
    begin_totp,
    confirm,
    factor_of,
    factors_of,
    recovery_codes_left,
    remove_factor,
    renew_recovery_codes,
    require_current_codes,
    require_unconfirmed,
)
from accounts.models import Authenticator
from accounts.permissions import IsPerson
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.serializers import parsed
from core.api.views import ApiView
from core.http.conditional import etag_of, require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once


def factor_etag(row: Authenticator) -> str:
    """Return the entity tag of a factor as shown."""
    return etag_of(row.id, row.confirmed_at)


class Factors(ApiView):
    """What the person has besides the password."""

    permission_classes = (IsPerson,)
    actions = {"POST": "me:factors"}

    @extend_schema(operation_id="list_factors", responses=FactorsShape)
    def get(self, request: Request) -> Response:
        user = person(request)
        shown = [factor_view(row) for row in factors_of(user)]
        # A person has a handful of them at most: one page, in the form of every list.
        page = {"results": shown, "next": None, "previous": None}
        return Response({**page, "recovery_codes_left": recovery_codes_left(user)})

    @extend_schema(
        operation_id="begin_factor",
        request=FactorRequest,
        responses={201: BegunShape},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        parsed(FactorRequest, request)
        user = person(request)

        def act() -> Response:
            begun = begin_totp(user)
            return Response(
                begun_view(begun), status=201, headers={"ETag": factor_etag(begun.factor)}
            )

        return once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            act=act,
            recheck=lambda first: require_unconfirmed(user, first["id"]),
        )


class OneFactor(ApiView):
    """One of them."""

    permission_classes = (IsPerson,)
    actions = {"DELETE": "me:factors"}

    @extend_schema(
        operation_id="read_factor",
        parameters=[IF_NONE_MATCH],
        responses={200: FactorShape, 304: None},
    )
    def get(self, request: Request, factor_id: uuid.UUID) -> Response:
        row = factor_of(person(request), factor_id)
        return tagged(request, factor_view(row), factor_etag(row))

    @extend_schema(operation_id="remove_factor", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, factor_id: uuid.UUID) -> Response:
        remove_factor(
            person(request),
            factor_id,
            check=lambda row: require_match(request, factor_etag(row)),
        )
        return Response(status=204)


class ConfirmFactor(ApiView):
    """Show that the app has the secret; from then on the factor counts."""

    permission_classes = (IsPerson,)

    @extend_schema(
        operation_id="confirm_factor",
        request=ConfirmRequest,
        responses=ConfirmedShape,
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request, factor_id: uuid.UUID) -> Response:
        code = parsed(ConfirmRequest, request)["code"]
        session = session_of(request)

        def act() -> Response:
            row, codes = confirm(session, factor_id, code)
            shown = {**factor_view(row), "recovery_codes": codes}
            return Response(shown, headers={"ETag": factor_etag(row)})

        return once(
            request,
            caller=str(session.user_id),
            fingerprint=fingerprint_of(request.data),
            act=act,
            recheck=lambda first: require_current_codes(session.user, first["recovery_codes"]),
        )


class RecoveryCodes(ApiView):
    """New recovery codes in place of the former ones."""

    permission_classes = (IsPerson,)
    actions = {"POST": "me:factors"}

    @extend_schema(
        operation_id="renew_recovery_codes",
        request=None,
        responses={201: RecoveryCodesShape},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        user = person(request)
        return once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of("recovery-codes"),
            act=lambda: Response({"recovery_codes": renew_recovery_codes(user)}, status=201),
            recheck=lambda first: require_current_codes(user, first["recovery_codes"]),
        )
