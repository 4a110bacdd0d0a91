"""The list of workspaces that a user asks for on dash. (docs/decisions/0028-workspace-list.md).

The request writes one row of the public schema and looks up nothing, so it is the same for known
and unknown addresses. The mailer answers all waiting requests in one pass over the tenants: one
query on the index of addresses in each.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import DatabaseError, close_old_connections
from django.db.models.functions import Lower
from django.db.utils import InterfaceError, OperationalError
from django.utils import timezone
from django.utils.translation import get_language, gettext, override

from accounts.email.rendering import build_message, quoted_tenant_name
from accounts.email.transport import MailConnection, is_server_failure, short_error
from accounts.users.queries import existing_users
from core.db_backend.scope import PUBLIC, use_scope
from core.problems import RateLimited
from core.rate_limits.limits import consume
from core.workers import ShouldStop
from tenants import work_queue
from tenants.context import TenantRef, tenant_context
from tenants.models import TenantListRequest
from tenants.routing import site_url

MAX_REQUESTS = 500
MAX_LISTED = 100
KIND = "workspaces"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Membership:
    """A tenant in which an address is an active user."""

    name: str
    url: str
    is_verified: bool


def request_tenant_list(address: str) -> None:
    """Queue the list for a canonical address. A request that already waits is enough."""
    row = TenantListRequest(
        recipient=address, language=get_language() or "en", due_at=timezone.now()
    )
    with use_scope(PUBLIC):
        TenantListRequest.objects.bulk_create([row], ignore_conflicts=True)


def deliver_tenant_lists(connection: MailConnection, stop: ShouldStop) -> int:
    """Answer the requests that are due; return how many."""
    requests = _claim_due()
    if not requests:
        return 0
    found = _memberships([request.recipient for request in requests], stop)
    answered = 0
    for request in requests:
        if stop():
            break
        try:
            _send(request, found[request.recipient], connection)
        except Exception as exc:  # noqa: BLE001 - an error in one e-mail must not stop the others
            _log_failure(request, exc)
            if is_server_failure(exc):
                break
            continue
        answered += 1
    return answered


def _claim_due() -> list[TenantListRequest]:
    """Claim requests, and delete those that could not be answered for too long."""
    with use_scope(PUBLIC):
        too_old = timezone.now() - settings.MAIL_GIVE_UP_AFTER
        TenantListRequest.objects.filter(created_at__lt=too_old).delete()
        claimed: list[TenantListRequest] = []
        while len(claimed) < MAX_REQUESTS:
            rows = TenantListRequest.objects.all()
            row = work_queue.claim_due(rows, "due_at", "attempts", lease=settings.MAIL_LEASE)
            if row is None:
                break
            claimed.append(row)
        return claimed


def _memberships(addresses: list[str], stop: ShouldStop) -> dict[str, list[Membership]]:
    """Return the tenants of each address. Raises: OperationalError when the database is down."""
    found: dict[str, list[Membership]] = defaultdict(list)
    for tenant in work_queue.served_tenants():
        if stop():
            break
        for address, membership in _in_tenant(tenant, addresses):
            found[address].append(membership)
        close_old_connections()  # a connection that has entered many tenants is replaced
    return found


def _in_tenant(tenant: TenantRef, addresses: list[str]) -> Iterable[tuple[str, Membership]]:
    try:
        with tenant_context(tenant):
            # The expression of the unique index user_email_unique_without_case.
            users = existing_users().alias(key=Lower("email")).filter(key__in=addresses)
            rows = list(users.filter(is_active=True).values_list("email", "email_verified_at"))
            name = quoted_tenant_name() if rows else ""
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError as exc:  # being purged, or not migrated yet
        log.warning("tenant_users_unreadable", extra={"slug": tenant.slug, "error": str(exc)[:200]})
        return []
    url = site_url(tenant.slug)
    return [(email.lower(), Membership(name, url, bool(verified))) for email, verified in rows]


def _send(
    request: TenantListRequest, memberships: list[Membership], connection: MailConnection
) -> None:
    if memberships and _within_limits(request, memberships):
        connection.send(_message(request, memberships))
    with use_scope(PUBLIC):
        TenantListRequest.objects.filter(pk=request.pk).delete()


def _within_limits(request: TenantListRequest, memberships: list[Membership]) -> bool:
    """Count the e-mail as accounts/email/rate_limits.py does; here, so that no request shows it."""
    if request.attempts > 1:
        return True
    try:
        consume("mail", KIND, request.recipient)
        if not any(membership.is_verified for membership in memberships):
            consume("mail_unverified", request.recipient)
    except RateLimited:
        log.warning("mail_rate_limited", extra={"request": str(request.pk), "kind": KIND})
        return False
    return True


def _message(request: TenantListRequest, memberships: list[Membership]) -> EmailMessage:
    with override(request.language):
        return build_message(
            KIND,
            gettext("Your workspaces at Aggios"),
            to=request.recipient,
            language=request.language,
            message_id=str(request.pk),
            context={
                "workspace": "Aggios",
                "host": settings.BASE_DOMAIN,
                "memberships": memberships[:MAX_LISTED],
            },
        )


def _log_failure(request: TenantListRequest, error: Exception) -> None:
    extra = {"request": str(request.pk), "kind": KIND, "attempt": request.attempts}
    log.warning("mail_failed", extra={**extra, "error": short_error(error)})
