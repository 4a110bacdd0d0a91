"""Custom domains of the workspace of who asks: claimed, proved by a DNS record, released."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.throttles import by_tenant, only
from accounts.authentication import person
from accounts.own_tenant.domains import (
    check_own_domain,
    claim_own_domain,
    own_domain,
    release_own_domain,
)
from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.api.views import ApiView
from core.db_backend.scope import PUBLIC, enter
from core.http.conditional import require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once
from tenants.context import current_tenant
from tenants.documents import domain_document, domain_etag
from tenants.domains.queries import domains_of
from tenants.models import Domain
from tenants.serializers import ClaimRequest, DomainShape


class Domains(ApiView):
    """Every name of the workspace, and claims of new ones."""

    actions = {"GET": "domains:read", "POST": "domains:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_domains", responses={200: DomainShape(many=True)})
    def get(self, request: Request) -> Response:
        """List the names by page, the newest first."""
        with enter(PUBLIC):
            return self.page(request, domains_of(current_tenant().id), domain_document)

    @extend_schema(
        operation_id="claim_domain",
        request=ClaimRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DomainShape},
    )
    def post(self, request: Request) -> Response:
        """Claim a custom domain; it answers once `proof` is in the DNS and was looked up."""
        name, user = parsed(ClaimRequest, request)["domain"], person(request)
        return once(
            request,
            caller=str(user.id),
            fingerprint=fingerprint_of(request.data),
            act=lambda: _shown(request, claim_own_domain(name=name, actor=user), 201),
        )


class OneDomain(ApiView):
    """One name of the workspace."""

    actions = {"GET": "domains:read", "DELETE": "domains:write"}

    @extend_schema(
        operation_id="read_domain",
        parameters=[IF_NONE_MATCH],
        responses={200: DomainShape, 304: None},
    )
    def get(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Show a name."""
        return _shown(request, own_domain(domain_id), 200)

    @extend_schema(operation_id="release_domain", parameters=[IF_MATCH], responses={204: None})
    def delete(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Give a name up; it stops at once. The primary one stays."""
        release_own_domain(
            domain_id,
            actor=person(request),
            check=lambda row: require_match(request, domain_etag(row)),
        )
        return Response(status=204)


class CheckDomain(ApiView):
    """The proof of a claim."""

    actions = {"POST": "domains:write"}
    limits = (only("POST", by_tenant("domain_check")),)

    @extend_schema(operation_id="check_domain", request=None, responses=DomainShape)
    def post(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Look its DNS record up now, for some seconds at most; `check_result` says what is there.

        A domain that is proved stays so, whatever is found.
        """
        return _shown(request, check_own_domain(domain_id, actor=person(request)), 200)


def _shown(request: Request, domain: Domain, status: int) -> Response:
    return tagged(request, domain_document(domain), domain_etag(domain), status)
