"""Helpers for tests of sessions: rows, their age, and the tenant's policy."""

from datetime import timedelta
from typing import Any

import httpx
from django.db.models import F

from accounts.models import Session
from audit.models import AuditEvent
from tenants.context import tenant_context
from tenants.models import Tenant
from tenants.routing import invalidate_route
from tests.support.accounts.tokens import status_and_code, token_claims
from tests.support.factories import Agency, Person
from tests.support.http_client import PASSWORD, Host

ME = "/api/users/me"
SESSIONS = "/api/auth/sessions"


def set_tenant_policy(agency: Agency, **rules: object) -> None:
    """Set the tenant's session policy, for every process from its next request on."""
    tenant = Tenant.objects.get(pk=agency.ref.id)
    tenant.settings = {**tenant.settings, **rules}
    tenant.save()
    invalidate_route(tenant)


def refresh(host: Host, token: object) -> httpx.Response:
    """Post a refresh."""
    return host.post("/api/auth/refresh", {"refresh_token": token})


def open_another_session(
    agency: Agency, person: Person | None = None, agent: str = ""
) -> dict[str, Any]:
    """Log a user in once more, by default the owner; return the tokens."""
    body = {"email": (person or agency.owner).email, "password": PASSWORD}
    answer = agency.host.post("/api/auth/login", body, headers={"User-Agent": agent or "tests"})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def session_id(access_token: str) -> str:
    """Return the id of the session that an access token belongs to."""
    return str(token_claims(access_token)["sid"])


def session_row(agency: Agency, access_token: str = "") -> Session:
    """Return a session's row; by default that of the owner's first log-in."""
    with tenant_context(agency.ref):
        rows = Session.objects.select_related("user")
        return rows.get(pk=session_id(access_token or agency.owner.access_token))


def backdate_session(agency: Agency, *fields: str, access_token: str = "", **by: float) -> None:
    """Move times of a session into the past."""
    pk = session_id(access_token or agency.owner.access_token)
    with tenant_context(agency.ref):
        changes = {name: F(name) - timedelta(**by) for name in fields}
        assert Session.objects.filter(pk=pk).update(**changes) == 1


def session_end_details(agency: Agency) -> list[dict[str, Any]]:
    """Return the details of every audit event about ended sessions, oldest first."""
    with tenant_context(agency.ref):
        found = AuditEvent.objects.filter(action__in=("session.ended", "sessions.ended"))
        return [event.details for event in found.order_by("at", "id")]


def refusal_reason(answer: httpx.Response, code: str = "token_invalid") -> str | None:
    """Return the reason in a refused token's response; check that it is a 401 with ``code``."""
    assert status_and_code(answer) == (401, code), answer.text
    return answer.json().get("reason")
