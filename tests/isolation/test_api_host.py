"""On ``api.`` only the credential chooses the tenant, not any other part of the request.

Requests go to gunicorn directly, so that no proxy changes a header.
"""

import http.client
import uuid
from collections.abc import Callable, Iterator
from string import Formatter
from typing import Any

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from accounts.models import Session, User
from accounts.sessions.services import open_session
from accounts.sessions.tokens import access_token
from devstack.testing import TestStack
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code, token_claims
from tests.support.factories import Agency, add_member, create_agency
from tests.support.http_client import BASE_DOMAIN, PASSWORD, Host, Site
from tests.support.routes import MEMBER, ROUTES, Route

REQUESTS = [
    pytest.param(route, method, id=f"{method}-{route.path}")
    for route in ROUTES["api"]
    for method in route.methods.split()
]
Tokens = tuple[str, str]
UNKNOWN_ID = str(uuid.UUID(int=0))
WITH_BODY = {"POST", "PUT", "PATCH"}


@pytest.fixture(scope="module")
def api(stores: TestStack, site: Site) -> Host:
    return Site(stores.ports["gunicorn"]).host("api")


@pytest.fixture(scope="module")
def mine(site: Site) -> Agency:
    return create_agency(site, "mine-on-api")


@pytest.fixture(scope="module")
def other(site: Site) -> Agency:
    """Another tenant with open registration, with the same owner address and password as mine."""
    agency = create_agency(site, "other-on-api", email="owner@mine-on-api.test")
    add_member(agency, "secret-person@other.test")
    return agency


@pytest.fixture(scope="module")
def other_file_id(other: Agency) -> str:
    """The id of a file of the other agency."""
    answer = other.owner.at.post("/api/files", files={"file": ("secret-plan.txt", b"their plan")})
    return str(answer.json()["id"])


def log_in(agency: Agency) -> Tokens:
    """Open a new session for the agency's owner: a request may end or replace it."""
    with tenant_context(agency.ref), transaction.atomic():
        opened = open_session(User.objects.get(pk=agency.owner.id))
        return access_token(opened.session, opened.user), opened.refresh_token


def misleading(other: Agency, method: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the ways to name another tenant in a request."""
    host = f"{other.slug}.{BASE_DOMAIN}"
    yield (
        "X- headers",
        {
            "headers": {
                "X-Forwarded-Host": host,
                "X-Original-Host": host,
                "X-Host": host,
                "X-Forwarded-Server": host,
                "X-Tenant": other.slug,
                "X-Tenant-Id": str(other.ref.id),
                "X-Aggios-Tenant": other.slug,
                "Forwarded": f"for=10.0.0.1;host={host};proto=https",
                "Origin": f"https://{host}",
                "Cookie": f"tenant={other.slug}",
            }
        },
    )
    yield "query", {"params": {"tenant": other.slug, "tenant_id": other.ref.id, "host": host}}
    for name in (other.slug, str(other.ref.id), host) if method in WITH_BODY else ():
        yield f"body {name}", {"body": {"tenant": name, "tenant_id": name, "subdomain": name}}


def in_other(route: Route, file: str) -> str:
    """Return the route's path with the other tenant's file and unknown other ids."""
    names = {name: UNKNOWN_ID for _, name, _, _ in Formatter().parse(route.path) if name}
    return route.path.format(**{**names, "file": file})


def reset_limits() -> None:
    """Clear the rate limits, so that repeated requests get the same response."""
    redis = get_redis_connection("default")
    for key in redis.scan_iter("aggios-limits*"):
        redis.delete(key)


def send_request(api: Host, route: Route, method: str, mine: Agency, file: str, **more: Any):
    reset_limits()
    access, refresh = log_in(mine)
    body = {
        "email": mine.owner.email,
        "password": PASSWORD,
        "refresh_token": refresh,
        "first_name": "Mina",
        "last_name": "Mine",
        **more.pop("body", {}),
    }
    sent = {"json": body} if method in WITH_BODY else {}
    return api.with_token(access).request(method, in_other(route, file), **sent, **more)


@pytest.mark.parametrize(("route", "method"), REQUESTS)
def test_naming_another_tenant_changes_nothing(
    api: Host, mine: Agency, other: Agency, other_file_id: str, route: Route, method: str
):
    plain = send_request(api, route, method, mine, other_file_id)

    for way, more in misleading(other, method):
        answer = send_request(api, route, method, mine, other_file_id, **more)

        assert answer.status_code == plain.status_code, way
        for secret in (other.owner.id, "secret-person", "secret-plan"):
            assert secret not in answer.text, way
        if route.name in {"login", "refresh"}:
            assert token_claims(answer.json()["access_token"])["tenant_id"] == mine.slug, way
        if "{file}" in route.path:
            assert answer.status_code == 404, way
        elif route.who == MEMBER:
            assert answer.status_code < 500, way


@pytest.mark.parametrize("change", [str.upper, str.title, lambda name: f"{name}."])
def test_host_in_other_spellings_reaches_the_api(
    api: Host, mine: Agency, change: Callable[[str], str]
):
    written = Host(api.port, change(api.name), log_in(mine)[0])

    assert written.get("/api/users/me").json()["id"] == mine.owner.id


@pytest.mark.parametrize(
    "path", ["/{slug}/api/users/me", "/api/{slug}/users/me", "/{id}/api/files"]
)
def test_path_that_names_a_tenant_is_not_found(api: Host, mine: Agency, other: Agency, path: str):
    asked = path.format(slug=other.slug, id=other.ref.id)

    assert status_and_code(api.with_token(log_in(mine)[0]).get(asked)) == (404, "not_found")


def test_absolute_request_target_does_not_change_the_tenant(api: Host, mine: Agency, other: Agency):
    """``GET http://other…/api/users/me`` (RFC 9112 section 3.2.2) with api.'s Host and my token."""
    connection = http.client.HTTPConnection("127.0.0.1", api.port)
    target = f"http://{other.slug}.{BASE_DOMAIN}:{api.port}/api/users/me"
    headers = {"Host": f"{api.name}:{api.port}", "Authorization": f"Bearer {log_in(mine)[0]}"}
    connection.request("GET", target, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()

    assert answer.status in {200, 400, 401, 404}
    assert answer.status != 200 or mine.owner.id in text
    assert other.owner.id not in text


def test_log_in_with_a_bearer_token_stays_in_its_tenant(api: Host, mine: Agency, other: Agency):
    """Both tenants have this address and password; the credential's tenant answers."""
    body = {"email": mine.owner.email, "password": PASSWORD, "tenant": other.slug}

    with_credential = api.with_token(log_in(mine)[0]).post("/api/auth/login", body)
    without = api.post("/api/auth/login", body)

    assert token_claims(with_credential.json()["access_token"])["tenant_id"] == mine.slug
    assert token_claims(without.json()["access_token"])["tenant_id"] == other.slug


def test_refresh_token_works_in_its_own_tenant_only(api: Host, mine: Agency, other: Agency):
    body = {"refresh_token": log_in(mine)[1], "tenant": other.slug}

    answer = api.post("/api/auth/refresh", body)

    assert token_claims(answer.json()["access_token"])["tenant_id"] == mine.slug


@pytest.mark.parametrize("path", ["/api/auth/refresh", "/api/auth/logout", "/api/logout"])
def test_credential_of_another_tenant_cannot_end_a_session(
    api: Host, mine: Agency, other: Agency, path: str
):
    """The access token of one tenant with the refresh token of another, both ways."""
    for asking, asked in ((mine, other), (other, mine)):
        access, _ = log_in(asking)
        foreign_access, foreign_refresh = log_in(asked)
        session_id = token_claims(foreign_access)["sid"]

        answer = api.with_token(access).post(path, {"refresh_token": foreign_refresh})

        assert status_and_code(answer) == (401, "token_invalid")
        assert api.with_token(access).get("/api/users/me").status_code == 200
        with tenant_context(asked.ref):
            session = Session.objects.get(pk=session_id)
        assert (session.ended_at, session.generation) == (None, 0)
