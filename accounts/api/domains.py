"""Custom domains of the workspace of who asks: claimed, proved by a DNS record, released."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.limits import by_tenant, only
from accounts.authentication import person
from accounts.workspace.domains import check_own_domain, claim_own_domain, release_own_domain
from core.database.scope import PUBLIC, enter
from core.pagination import KeysetPagination
from core.shapes import parsed
from core.views import ApiView
from idempotency.openapi import IDEMPOTENCY_KEY
from idempotency.services import fingerprint_of, once
from tenants.context import current_tenant
from tenants.documents import domain_document
from tenants.domains.queries import domains_of
from tenants.shapes import ClaimRequest, DomainShape


class Domains(ApiView):
    """Every name of the workspace, and claims of new ones."""

    actions = {"GET": "domains:read", "POST": "domains:write"}
    pagination_class = KeysetPagination

    @extend_schema(operation_id="list_domains", responses={200: DomainShape(many=True)})
    def get(self, request: Request) -> Response:
        """List the names by page, the newest first."""
        pages = self.pagination_class()
        with enter(PUBLIC):
            page = pages.paginate_queryset(domains_of(current_tenant().id), request, self)
        return pages.get_paginated_response([domain_document(domain) for domain in page])

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
            act=lambda: Response(
                domain_document(claim_own_domain(name=name, actor=user)), status=201
            ),
        )


class OneDomain(ApiView):
    """One name of the workspace."""

    actions = {"DELETE": "domains:write"}

    @extend_schema(operation_id="release_domain", responses={204: None})
    def delete(self, request: Request, domain_id: uuid.UUID) -> Response:
        """Give a name up; it stops at once. The primary one stays."""
        release_own_domain(domain_id, actor=person(request))
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
        domain = check_own_domain(domain_id, actor=person(request))
        return Response(domain_document(domain))
