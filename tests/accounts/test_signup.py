"""Signup over HTTP: it creates everything or nothing, and names every error."""

import secrets
from typing import Any

import pytest
from django.conf import settings

from accounts.models import Session, User
from audit.models import AuditEvent
from tenants.context import ref_of, tenant_context
from tenants.models import Domain, Tenant
from tenants.queries import tenant_by_slug
from tests.support.accounts.tokens import field_errors, status_and_code, token_claims
from tests.support.http_client import PASSWORD, Site


@pytest.fixture
def slug() -> str:
    return f"s{secrets.token_hex(6)}"


def test_signup_returns_a_ready_tenant(site: Site, slug: str):
    answer = site.sign_up(slug, company="  Zoë   & Søn  ", first_name="Zoë", last_name="李")
    body = answer.json()

    assert answer.status_code == 201
    assert body["tenant"] == {
        "id": str(tenant_by_slug(slug).id),
        "name": "Zoë & Søn",
        "subdomain": slug,
        "url": f"http://{slug}.aggios.localhost:{site.port}",
    }
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 86400)
    assert body["refresh_expires_in"] == 604800
    me = site.host(slug).with_token(body["access_token"]).get("/api/users/me")
    assert me.json() == body["user"]
    assert (me.json()["first_name"], me.json()["last_name"]) == ("Zoë", "李")


def test_signup_writes_the_expected_rows(site: Site, slug: str):
    body = site.sign_up(slug).json()
    tenant = tenant_by_slug(slug)

    made = AuditEvent.objects.get(action="tenant.created", target_id=str(tenant.id), ip="127.0.0.1")
    assert (made.actor_id, made.actor_label) == (body["user"]["id"], "")
    with tenant_context(ref_of(tenant)):
        user = User.objects.get()
        session = Session.objects.get()
        event = AuditEvent.objects.get(action="user.registered")
    assert (str(user.id), user.role, user.is_active) == (body["user"]["id"], "owner", True)
    assert session.user_id == user.id
    assert event.actor_id == str(user.id)
    assert event.request_id


def test_signup_token_has_the_documented_claims(site: Site, slug: str):
    body = site.sign_up(slug).json()

    access, refresh = token_claims(body["access_token"]), token_claims(body["refresh_token"])

    assert access["user_id"] == body["user"]["id"]
    assert access["email"] == body["user"]["email"]
    assert access["tenant_id"] == slug
    assert access["token_type"] == "access"
    assert access["exp"] - access["iat"] == 86400
    assert access["jti"]
    assert access["sid"]
    assert (refresh["token_type"], refresh["sid"]) == ("refresh", access["sid"])
    assert refresh["exp"] - refresh["iat"] in {604799, 604800}


def test_all_invalid_fields_are_named(site: Site):
    body = {
        "company": "  ",
        "subdomain": "-no-",
        "email": "nobody",
        "password": "12345678",
        "first_name": "x" * 101,
        "last_name": "a\x00b",
    }

    named = field_errors(site.host().post("/api/auth/register", body))

    assert {field for field, _ in named} == set(body)
    assert ("password", "password_too_short") in named
    assert ("password", "password_too_common") in named
    assert ("subdomain", "invalid_slug") in named


def test_all_missing_fields_are_named(site: Site):
    named = field_errors(site.host().post("/api/auth/register", {}))

    assert named == {(f, "required") for f in ("company", "subdomain", "email", "password")}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("subdomain", "www"),
        ("subdomain", "x" * 41),
        ("subdomain", "xn--bcher-kva"),
        ("subdomain", ["a"]),
        ("subdomain", None),
        ("email", "a@b"),
        ("email", "a" * 250 + "@b.test"),
        ("email", "a@b.test\r\nBcc: c@d.test"),
        ("email", {"$ne": ""}),
        ("password", "short-1"),
        ("password", "1234567890"),
        ("password", "password123"),
        ("password", "x" * 257),
        ("password", "olga.owner@agency.test"),
        ("password", "Olga-Owner"),
        ("password", 1234567890123),
        ("company", "x" * 121),
        ("company", "a\x00b"),
        ("first_name", "\ud800"),
        ("company", "\udfff"),
        ("company", True),
    ],
)
def test_one_invalid_field_creates_nothing(site: Site, slug: str, field: str, value: Any):
    before = Tenant.objects.count(), Domain.objects.count()
    body = {
        "company": "Agency",
        "subdomain": slug,
        "email": "olga.owner@agency.test",
        "password": PASSWORD,
        "first_name": "Olga",
        "last_name": "Owner",
        field: value,
    }

    answer = site.host().post("/api/auth/register", content=_json(body), headers=JSON)

    assert {named for named, _ in field_errors(answer)} == {field}
    assert (Tenant.objects.count(), Domain.objects.count()) == before


JSON = {"Content-Type": "application/json"}


def _json(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()


def test_taken_subdomain_is_a_conflict(site: Site, slug: str):
    assert site.sign_up(slug).status_code == 201

    answer = site.sign_up(slug.upper(), email="other@else.test")

    assert status_and_code(answer) == (409, "subdomain_taken")
    assert answer.json()["errors"][0]["field"] == "subdomain"


def test_fields_that_clients_may_not_set_are_ignored(site: Site, slug: str):
    """Fields outside the serializer change nothing."""
    answer = site.sign_up(
        slug, role="member", is_active="", status="deleting", schema_name="public", id="1"
    )

    assert answer.status_code == 201
    assert answer.json()["user"]["role"] == "owner"
    assert tenant_by_slug(slug).schema_name.startswith("t_")


def test_signup_exists_only_on_the_apex(site: Site, acme):
    for label in ("dash", "admin"):
        answer = site.host(label).post("/api/auth/register", {})
        assert status_and_code(answer) == (404, "not_found")
    for label in ("api", acme.slug):
        answer = site.host(label).post("/api/auth/register", {"company": "x", "subdomain": "yy"})
        assert "company" not in {field for field, _ in field_errors(answer)}


def test_default_settings_are_the_documented_ones(committed):
    assert settings.ACCESS_TOKEN_LIFETIME.total_seconds() == 86400
    assert settings.REFRESH_TOKEN_LIFETIME.total_seconds() == 604800
    assert settings.REFRESH_REUSE_GRACE.total_seconds() == 30
