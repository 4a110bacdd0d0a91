"""Suspended and deleting tenants, on their hosts and on the API host."""

from collections.abc import Callable

import pytest

from audit.models import AuditEvent
from audit.services import SYSTEM, Actor
from core.db_backend.scope import PUBLIC, use_scope
from tenants.lifecycle import mark_deleting, resume_tenant, suspend_tenant
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site

PATHS = [
    ("GET", "/"),
    ("GET", "/api/users/me"),
    ("POST", "/api/auth/login"),
    ("POST", "/api/auth/refresh"),
    ("POST", "/api/auth/register"),
    ("POST", "/api/auth/logout"),
    ("GET", "/api/schema"),
    ("GET", "/api/docs"),
    ("GET", "/api/files"),
    ("GET", "/api/nothing"),
    ("DELETE", "/nothing"),
    ("GET", "/api/healthy"),
    ("GET", "/api/health/../users/me"),
    ("GET", "/api/users/me/"),
]


@pytest.fixture(scope="module")
def suspended(site: Site) -> Agency:
    """A suspended tenant with a reason."""
    from tests.support.factories import create_agency

    agency = create_agency(site, "suspended-one")
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="The invoice of May is open.")
    return agency


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_suspended_tenant_refuses_every_request(suspended: Agency, method: str, path: str):
    answer = suspended.owner.at.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (403, "tenant_suspended")
    assert answer.json()["detail"] == "The invoice of May is open."
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/api/health", "/api/health/live", "/api/health/ready"])
def test_suspended_tenant_serves_health(suspended: Agency, path: str):
    assert suspended.host.get(path).status_code == 200


def test_suspended_tenant_shows_the_reason_in_browsers(suspended: Agency):
    page = suspended.host.get("/", headers={"Accept": "text/html"})

    assert page.status_code == 403
    assert page.headers["Content-Type"].startswith("text/html")
    assert "The invoice of May is open." in page.text


def test_suspended_tenant_is_refused_on_the_api_host(site: Site, suspended: Agency):
    api = site.host("api")
    login = {"tenant": suspended.slug, "email": suspended.owner.email, "password": PASSWORD}
    refresh = {"refresh_token": suspended.owner.refresh_token}
    answers = [
        api.with_token(suspended.owner.access_token).get("/api/users/me"),
        api.post("/api/auth/login", login),
        api.post("/api/auth/refresh", refresh),
        api.post("/api/auth/logout", refresh),
    ]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(403, "tenant_suspended")}


def test_resumed_tenant_keeps_its_sessions(new_agency: Callable[..., Agency]):
    agency = new_agency()
    suspend_tenant(agency.ref.id, actor=SYSTEM)
    resume_tenant(agency.ref.id, actor=SYSTEM)

    assert agency.owner.at.get("/api/users/me").status_code == 200


def test_deleting_tenant_is_not_found(site: Site, new_agency):
    agency = new_agency()
    mark_deleting(agency.ref.id, actor=SYSTEM)
    login = {"tenant": agency.slug, "email": agency.owner.email, "password": PASSWORD}
    answers = [
        agency.owner.at.get("/api/users/me"),
        agency.host.get("/api/health"),
        site.host("api").post("/api/auth/login", login),
    ]

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(404, "tenant_not_found")}
    on_api = site.host("api").with_token(agency.owner.access_token).get("/api/users/me")
    assert on_api.status_code == 401


def test_deleting_tenant_cannot_be_resumed(new_agency: Callable[..., Agency]):
    agency = new_agency()
    mark_deleting(agency.ref.id, actor=SYSTEM)

    assert suspend_tenant(agency.ref.id, actor=SYSTEM).status == "deleting"
    assert resume_tenant(agency.ref.id, actor=SYSTEM).status == "deleting"


def test_suspension_is_audited_once(new_agency: Callable[..., Agency]):
    agency = new_agency()
    sam = Actor("staff", "7", "sam@aggios.test")
    for _ in range(2):
        suspend_tenant(agency.ref.id, actor=sam, reason="spam")

    with use_scope(PUBLIC):
        events = list(
            AuditEvent.objects.filter(
                action="tenant.suspended", target_id=str(agency.ref.id)
            ).values_list("actor_type", "actor_label", "details")
        )
    assert events == [("staff", "sam@aggios.test", {"reason": "spam"})]
