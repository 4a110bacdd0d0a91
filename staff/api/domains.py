"""Views of a tenant's domains: list, claim, prove by a DNS record, release."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import validated
from core.http.conditional import require_match, response_with_etag
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, idempotent
from staff.api.base import CHANGE, VIEW, StaffView
from staff.authentication import api_actor
from staff.queries import visible_tenant
from tenants.domains.services import claim_domain, domains_of, get_domain, remove_domain
from tenants.domains.verification import check_domain
from tenants.models import Domain
from tenants.serializers import (
    DomainClaimSerializer,
    DomainSerializer,
    domain_etag,
    serialize_domain,
)


class TenantDomains(StaffView):
    """All domains of one tenant."""

    rights = {"GET": VIEW, "POST": CHANGE}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_tenant_domains", responses={200: DomainSerializer(many=True)})
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """List the domains by page, the newest first."""
        return self.page(request, domains_of(visible_tenant(tenant_id).pk), serialize_domain)

    @extend_schema(
        operation_id="claim_tenant_domain",
        request=DomainClaimSerializer,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DomainSerializer},
    )
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Claim a custom domain; it is served once `proof` is in the DNS and was checked."""
        name, actor = validated(DomainClaimSerializer, request)["domain"], api_actor(request)
        tenant = visible_tenant(tenant_id)
        return idempotent(
            request,
            caller=f"staff:{actor.id}",
            fingerprint=fingerprint_of(request.data),
            action=lambda: _domain_response(
                request, claim_domain(tenant.pk, name=name, actor=actor), status=201
            ),
        )


class OneTenantDomain(StaffView):
    """One domain of a tenant."""

    rights = {"GET": VIEW, "DELETE": CHANGE}

    @extend_schema(
        operation_id="read_tenant_domain",
        parameters=[IF_NONE_MATCH],
        responses={200: DomainSerializer, 304: None},
    )
    def get(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Return a domain."""
        return _domain_response(request, get_domain(visible_tenant(tenant_id).pk, domain_id))

    @extend_schema(
        operation_id="release_tenant_domain", parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Release a domain; it is no longer served. The primary one cannot be released."""
        tenant = visible_tenant(tenant_id)
        remove_domain(
            domain_id,
            tenant_id=tenant.pk,
            actor=api_actor(request),
            check=lambda row: require_match(request, domain_etag(row)),
        )
        return Response(status=204)


class CheckTenantDomain(StaffView):
    """The proof of a claim."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="check_tenant_domain", request=None, responses=DomainSerializer)
    def post(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Check the DNS record now, for a few seconds at most; `check_result` has the result.

        A proved domain stays proved, whatever the result is.
        """
        tenant = visible_tenant(tenant_id)
        domain = check_domain(domain_id, tenant_id=tenant.pk, actor=api_actor(request))
        return _domain_response(request, domain)


def _domain_response(request: Request, domain: Domain, status: int = 200) -> Response:
    return response_with_etag(request, serialize_domain(domain), domain_etag(domain), status)
