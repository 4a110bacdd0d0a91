"""Custom domains of a tenant: claimed, proved by a DNS record, released."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.openapi import IF_MATCH, IF_NONE_MATCH
from core.api.pagination import KeysetPagination
from core.api.serializers import parsed
from core.http.conditional import require_match, tagged
from idempotency.keys import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once
from staff.api.base import CHANGE, VIEW, StaffView
from staff.authentication import asking
from staff.queries import shown_tenant
from tenants.documents import domain_document, domain_etag
from tenants.domains.queries import domain_of, domains_of
from tenants.domains.services import claim_domain, remove_domain
from tenants.domains.verification import check_domain
from tenants.models import Domain
from tenants.serializers import ClaimRequest, DomainShape


class TenantDomains(StaffView):
    """Every name of one tenant, and claims of new ones."""

    rights = {"GET": VIEW, "POST": CHANGE}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_tenant_domains", responses={200: DomainShape(many=True)})
    def get(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """List its names by page, the newest first."""
        return self.page(request, domains_of(shown_tenant(tenant_id).pk), domain_document)

    @extend_schema(
        operation_id="claim_tenant_domain",
        request=ClaimRequest,
        parameters=[IDEMPOTENCY_KEY],
        responses={201: DomainShape},
    )
    def post(self, request: Request, tenant_id: uuid.UUID) -> Response:
        """Claim a custom domain; it answers once `proof` is in the DNS and was looked up."""
        name, actor = parsed(ClaimRequest, request)["domain"], asking(request)
        tenant = shown_tenant(tenant_id)
        return once(
            request,
            caller=f"staff:{actor.id}",
            fingerprint=fingerprint_of(request.data),
            act=lambda: _shown(
                request, claim_domain(tenant.pk, name=name, actor=actor), status=201
            ),
        )


class OneTenantDomain(StaffView):
    """One name of a tenant."""

    rights = {"GET": VIEW, "DELETE": CHANGE}

    @extend_schema(
        operation_id="read_tenant_domain",
        parameters=[IF_NONE_MATCH],
        responses={200: DomainShape, 304: None},
    )
    def get(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Show a name."""
        return _shown(request, domain_of(shown_tenant(tenant_id).pk, domain_id))

    @extend_schema(
        operation_id="release_tenant_domain", parameters=[IF_MATCH], responses={204: None}
    )
    def delete(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Take a name from the tenant; it stops at once. The primary one stays."""
        tenant = shown_tenant(tenant_id)
        remove_domain(
            domain_id,
            tenant_id=tenant.pk,
            actor=asking(request),
            check=lambda row: require_match(request, domain_etag(row)),
        )
        return Response(status=204)


class CheckTenantDomain(StaffView):
    """The proof of a claim."""

    rights = {"POST": CHANGE}

    @extend_schema(operation_id="check_tenant_domain", request=None, responses=DomainShape)
    def post(self, request: Request, tenant_id: uuid.UUID, domain_id: uuid.UUID) -> Response:
        """Look its DNS record up now, for some seconds at most; `check_result` says what is there.

        A domain that is proved stays so, whatever is found.
        """
        tenant = shown_tenant(tenant_id)
        domain = check_domain(domain_id, tenant_id=tenant.pk, actor=asking(request))
        return _shown(request, domain)


def _shown(request: Request, domain: Domain, status: int = 200) -> Response:
    return tagged(request, domain_document(domain), domain_etag(domain), status)
