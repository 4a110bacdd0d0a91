"""API of the own tenant's custom domains: claimed, proved by a DNS record, released."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.throttles import by_tenant, only_method
from accounts.authentication import current_user
from accounts.own_tenant.domains import (
    check_own_domain,
    claim_own_domain,
    get_own_domain,
    release_own_domain,
)
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.api.views import ApiView
from core.db_backend.scope import PUBLIC, use_scope
from core.http.conditional import require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent
from tenants.context import current_tenant
from tenants.domains.services import domains_of
from tenants.models import Domain
from tenants.serializers import (
    DomainClaimSerializer,
    DomainSerializer,
    domain_etag,
    serialize_domain,
)


class DomainListView(ApiView):
    """The domains of the workspace."""

    actions = {"GET": "domains:read", "POST": "domains:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_domains", responses={200: DomainSerializer(many=True)})
    def get(self, request: Request) -> Response:
        """List the domains by page, newest first."""
        with use_scope(PUBLIC):
            return self.page(request, domains_of(current_tenant().id), serialize_domain)

    @extend_schema(
        operation_id="claim_domain",
        request=DomainClaimSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DomainSerializer},
    )
    def post(self, request: Request) -> Response:
        """Claim a custom domain. It is served once `proof` is in the DNS and was looked up."""
        name, user = validated(DomainClaimSerializer, request)["domain"], current_user(request)
        return idempotent(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            action=lambda: _domain_response(request, claim_own_domain(name=name, actor=user), 201),
        )


class DomainDetailView(ApiView):
    """One domain of the workspace."""

    actions = {"GET": "domains:read", "DELETE": "domains:write"}

    @extend_schema(
        operation_id="read_domain",
        parameters=[IF_NONE_MATCH],
        responses={200: DomainSerializer, 304: None},
    )
    def get(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Show a domain."""
        return _domain_response(request, get_own_domain(domain_id), 200)

    @extend_schema(operation_id="release_domain", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Release a domain. It stops at once. The primary one cannot be released."""
        release_own_domain(
            domain_id,
            actor=current_user(request),
            check=lambda row: require_match(request, domain_etag(row)),
        )
        return Response(status=204)


class DomainCheckView(ApiView):
    """The proof of a claim."""

    actions = {"POST": "domains:write"}
    limits = (only_method("POST", by_tenant("domain_check")),)

    @extend_schema(operation_id="check_domain", request=None, responses=DomainSerializer)
    def post(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Look up the DNS record now, for a few seconds at most; `check_result` is the result.

        A proved domain stays proved, whatever the result is.
        """
        return _domain_response(
            request, check_own_domain(domain_id, actor=current_user(request)), 200
        )


def _domain_response(request: Request, domain: Domain, status: int) -> Response:
    return response_with_etag(request, serialize_domain(domain), domain_etag(domain), status)
