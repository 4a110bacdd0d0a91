"""The former name of a renamed tenant: where it redirects, and what it refuses."""

import jwt
import pytest

from audit.services import SYSTEM
from tenants.domains.services import add_domain
from tenants.lifecycle import (
    begin_maintenance,
    mark_deleting,
    resume_tenant,
    schedule_deletion,
    suspend_tenant,
)
from tenants.models import Tenant
from tenants.queries import tenant_by_slug
from tests.support.browser import Browser
from tests.support.http_client import PASSWORD, Host, Site
from tests.support.tenants.renaming import end_redirect
from tests.tenants.test_hosts import send_raw


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_former_name_redirects_to_same_path_and_query(site: Site, renamed, method: str):
    agency, name = renamed

    answer = agency.host.request(method, "/api/files/x%20y?a=1&b=%2F%2Fevil.example&a=2")

    there = f"http://{name}.aggios.localhost:{site.port}"
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{there}/api/files/x%20y?a=1&b=%2F%2Fevil.example&a=2"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Sunset"].endswith("GMT")
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "//evil.example/%2e%2e",
        "/\\evil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "/@evil.example",
        "/?next=//evil.example",
        "/caf\u00e9",
        "http://evil.example/",
        "/" + "x" * 3000,
    ],
)
def test_former_name_redirects_only_to_its_tenant(site: Site, renamed, path: str):
    agency, name = renamed

    status, text = send_raw(site, f"{agency.slug}.aggios.localhost", path=path)

    # An absolute request target names the host (RFC 9112 section 3.2.2).
    assert status == (404 if path.startswith("http") else 307)
    head = text.partition("\r\n\r\n")[0]
    places = [line for line in head.split("\r\n") if line.lower().startswith("location:")]
    for line in places:
        assert line.split(" ")[1].startswith(f"http://{name}.aggios.localhost:{site.port}/")
    assert len(places) == (status == 307)
    assert "set-cookie" not in [line.partition(":")[0].lower() for line in head.split("\r\n")]


def test_rename_is_seen_by_every_process(site: Site, renamed):
    agency, name = renamed
    token, at_new = agency.owner.access_token, site.host(name)

    assert {agency.owner.at.get("/api/users/me").status_code for _ in range(12)} == {307}
    assert {at_new.with_token(token).get("/api/users/me").status_code for _ in range(12)} == {200}


def test_tokens_stay_valid_after_rename(site: Site, renamed):
    agency, name = renamed
    here = site.host(name)
    me = here.with_token(agency.owner.access_token).get("/api/users/me")
    assert me.json()["id"] == agency.owner.id

    answer = here.post("/api/auth/refresh", {"refresh_token": agency.owner.refresh_token})

    assert answer.status_code == 200
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    assert claims["tenant_id"] == name
    assert here.with_token(answer.json()["access_token"]).get("/api/users/me").status_code == 200


def test_tokens_are_not_accepted_at_the_former_name(site: Site, renamed):
    """Not during the redirect, after it, or by a new tenant with that name. They stay usable."""
    agency, name = renamed
    refresh = ("/api/auth/refresh", {"refresh_token": agency.owner.refresh_token})

    leading = [agency.owner.at.get("/api/users/me"), agency.host.post(*refresh)]
    end_redirect(agency.slug)
    gone = [agency.owner.at.get("/api/users/me"), agency.host.post(*refresh)]
    assert site.sign_up(agency.slug).status_code == 201
    others = [agency.owner.at.get("/api/users/me"), agency.host.post(*refresh)]

    assert [a.status_code for a in leading] == [307, 307]
    assert [(a.status_code, a.json()["code"]) for a in gone] == [(404, "tenant_not_found")] * 2
    assert [(a.status_code, a.json()["code"]) for a in others] == [(401, "token_invalid")] * 2
    assert site.host(name).with_token(agency.owner.access_token).get("/api/users/me").is_success
    for host in (name, "api"):
        again = site.host(host).post(*refresh)
        assert again.status_code == 200  # within the 30 s of its first rotation


def test_former_name_serves_health(renamed):
    assert renamed[0].host.get("/api/health/live").status_code == 200


def test_general_api_accepts_the_former_name_while_redirected(site: Site, renamed):
    agency, name = renamed
    login = {"email": agency.owner.email, "password": PASSWORD}

    for said in (agency.slug, name):
        answer = site.host("api").post("/api/auth/login", {"tenant": said, **login})
        assert answer.status_code == 200
        claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
        assert claims["tenant_id"] == name

    end_redirect(agency.slug)
    answer = site.host("api").post("/api/auth/login", {"tenant": agency.slug, **login})
    assert answer.json()["code"] == "tenant_not_found"


def test_workspace_finder_redirects_to_the_new_name(site: Site, renamed):
    agency, name = renamed

    answer = Browser(site, "dash").get("/", params={"workspace": agency.slug})

    assert answer.headers["location"] == f"http://{name}.aggios.localhost:{site.port}"


def test_suspended_tenant_does_not_reveal_its_new_name(renamed):
    agency, name = renamed
    tenant_id = tenant_by_slug(name).id
    suspend_tenant(tenant_id, actor=SYSTEM, reason="Unpaid.")

    answer = agency.host.get("/", headers={"Accept": "text/html"})

    assert answer.status_code == 403
    assert "Unpaid." in answer.text
    assert "Location" not in answer.headers
    assert name not in answer.text
    resume_tenant(tenant_id, actor=SYSTEM)
    assert agency.host.get("/").status_code == 307


@pytest.mark.parametrize(
    ("stop", "code"),
    [
        (lambda id_: schedule_deletion(id_, actor=SYSTEM, days=30), "tenant_suspended"),
        (
            lambda id_: begin_maintenance(id_, Tenant.Maintenance.RESTORING, actor=SYSTEM),
            "tenant_unavailable",
        ),
    ],
)
def test_refusal_is_the_same_under_every_name(site: Site, renamed, stop, code: str):
    agency, name = renamed
    tenant_id = tenant_by_slug(name).id
    own = f"{name}.example"
    add_domain(tenant_id, name=own, verified=True, actor=SYSTEM)
    stop(tenant_id)

    for host in (agency.host, site.host(name), Host(site.port, own)):
        answer = host.get("/api/users/me")
        assert (answer.json()["code"], "Location" in answer.headers) == (code, False)
        assert host.get("/api/health/live").status_code == 200


def test_deleting_tenant_is_not_found_under_any_name(site: Site, renamed):
    agency, name = renamed
    mark_deleting(tenant_by_slug(name).id, actor=SYSTEM)

    for host in (agency.host, site.host(name)):
        assert host.get("/").json()["code"] == "tenant_not_found"
