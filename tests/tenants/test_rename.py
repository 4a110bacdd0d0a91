"""Renaming a tenant: redirects, reservation of the former name, and validity of tokens."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import jwt
import pytest
from django.core.management import CommandError
from django.db import connections, transaction
from django.utils import timezone

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.problems import ValidationFailed
from tenants import names, subdomains
from tenants.domains.services import add_domain
from tenants.domains.validation import is_domain_available
from tenants.lifecycle import (
    begin_maintenance,
    mark_deleting,
    resume_tenant,
    schedule_deletion,
    suspend_tenant,
)
from tenants.models import Domain, Tenant
from tenants.problems import DomainTaken, SubdomainTaken, TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.routing import invalidate_route
from tenants.services import create_tenant
from tenants.subdomains import redirect_ends, rename_subdomain
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Host, Site
from tests.tenants.test_commands import run
from tests.tenants.test_hosts import send_raw


def new_slug() -> str:
    return f"r{secrets.token_hex(6)}"


@pytest.fixture
def renamed(agency: Agency) -> tuple[Agency, str]:
    """A renamed agency, cached by both workers under its former name, and its new name."""
    assert all(agency.owner.at.get("/api/users/me").status_code == 200 for _ in range(8))
    name = new_slug()
    rename_subdomain(agency.ref.id, subdomain=name, actor=SYSTEM)
    return agency, name


def end_redirect(label: str, *, seconds: float = -1) -> None:
    """End a redirect and invalidate the cache of every process."""
    domain = Domain.objects.select_related("tenant").get(domain=label)
    with transaction.atomic():
        domain.redirect_until = timezone.now() + timedelta(seconds=seconds)
        domain.save(update_fields=["redirect_until"])
        invalidate_route(domain.tenant)


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


def test_schema_prefix_and_key_are_unchanged_by_rename(agency: Agency):
    before = agency.ref

    rename_subdomain(before.id, subdomain=new_slug(), actor=SYSTEM)

    after = tenant_by_slug(tenant_slug(before.id))
    for fact in ("id", "schema_name", "object_prefix", "key_version"):
        assert getattr(after, fact) == getattr(before, fact)


def tenant_slug(tenant_id) -> str:
    return Domain.objects.get(tenant_id=tenant_id, is_primary=True).domain


def test_files_are_unchanged_by_rename(site: Site, agency: Agency):
    uploaded = agency.owner.at.post("/api/files", files={"file": ("plan.txt", b"the plan")}).json()
    link = agency.owner.at.get(f"/api/files/{uploaded['id']}/download").headers["Location"]
    name = new_slug()

    rename_subdomain(agency.ref.id, subdomain=name, actor=SYSTEM)

    here = site.host(name).with_token(agency.owner.access_token)
    assert here.get(f"/api/files/{uploaded['id']}/content").content == b"the plan"
    assert site.fetch(link).content == b"the plan"


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


def test_redirected_name_cannot_be_taken(site: Site, renamed, make_tenant):
    agency, _ = renamed

    assert site.sign_up(agency.slug).json()["code"] == "subdomain_taken"
    with pytest.raises(SubdomainTaken):
        create_tenant(name="New", subdomain=agency.slug, actor=SYSTEM)
    with pytest.raises(SubdomainTaken):
        rename_subdomain(make_tenant().id, subdomain=agency.slug, actor=SYSTEM)


def test_redirected_name_cannot_be_added_or_signed_up(renamed, make_tenant):
    """Not by create_tenant, as a secondary name, or in another spelling."""
    agency, name = renamed
    with pytest.raises(CommandError, match="taken"):
        run("create_tenant", agency.slug.upper(), "--owner", "a@b.test")
    with pytest.raises(SubdomainTaken):
        add_domain(make_tenant().id, name=f" {agency.slug}. ", verified=False, actor=SYSTEM)
    with pytest.raises(DomainTaken):
        add_domain(tenant_by_slug(name).id, name=agency.slug, verified=False, actor=SYSTEM)
    assert not is_domain_available(agency.slug)

    end_redirect(agency.slug)

    assert is_domain_available(agency.slug)


def test_expired_redirect_frees_the_name(site: Site, renamed):
    agency, name = renamed
    end_redirect(agency.slug, seconds=3)
    assert agency.host.get("/").status_code == 307
    # No invalidation is sent, and the cached entries live longer.
    time.sleep(3)
    assert {agency.host.get("/").status_code for _ in range(6)} == {404}

    taken = site.sign_up(agency.slug)

    assert taken.status_code == 201
    assert {agency.host.get("/").status_code for _ in range(6)} == {200}
    assert agency.owner.at.get("/api/users/me").status_code == 401
    assert site.host(name).with_token(agency.owner.access_token).get("/api/users/me").is_success


def test_rename_can_take_an_expired_name(site: Site, renamed, make_tenant):
    agency, name = renamed
    end_redirect(agency.slug)
    other = make_tenant()

    rename_subdomain(other.id, subdomain=agency.slug, actor=SYSTEM)

    assert tenant_by_slug(agency.slug).id == other.id
    assert redirect_ends(tenant_by_slug(name)) == {}


def test_zero_redirect_days_free_the_name_at_once(site: Site, agency: Agency):
    rename_subdomain(agency.ref.id, subdomain=new_slug(), actor=SYSTEM, redirect_days=0)

    assert agency.host.get("/").status_code == 404
    assert site.sign_up(agency.slug).status_code == 201


def test_rename_back_restores_the_former_name(site: Site, renamed):
    agency, name = renamed

    rename_subdomain(tenant_by_slug(name).id, subdomain=agency.slug, actor=SYSTEM)

    assert agency.owner.at.get("/api/users/me").status_code == 200
    back = site.host(name).get("/x")
    assert back.headers["Location"] == f"http://{agency.slug}.aggios.localhost:{site.port}/x"


def test_secondary_subdomain_can_become_primary(site: Site, agency: Agency):
    also = new_slug()
    add_domain(agency.ref.id, name=also, verified=False, actor=SYSTEM)

    rename_subdomain(agency.ref.id, subdomain=also, actor=SYSTEM)

    assert tenant_by_slug(also).slug == also
    assert agency.host.get("/").status_code == 307
    assert site.host(also).with_token(agency.owner.access_token).get("/api/users/me").is_success


def test_every_former_name_redirects_to_the_current_one(site: Site, renamed):
    agency, second = renamed
    third = new_slug()
    rename_subdomain(tenant_by_slug(second).id, subdomain=third, actor=SYSTEM)

    for host in (agency.host, site.host(second)):
        assert host.get("/").headers["Location"] == f"http://{third}.aggios.localhost:{site.port}/"


def test_rename_to_same_name_changes_nothing(agency: Agency):
    before = AuditEvent.objects.count()

    tenant = rename_subdomain(agency.ref.id, subdomain=agency.slug.upper(), actor=SYSTEM)

    assert (tenant.slug, AuditEvent.objects.count()) == (agency.slug, before)


def test_name_reserved_later_is_kept(make_tenant, monkeypatch):
    tenant, other = make_tenant(), make_tenant()
    monkeypatch.setattr(names, "RESERVED_SLUGS", names.RESERVED_SLUGS | {tenant.slug})

    same = rename_subdomain(tenant.id, subdomain=tenant.slug, actor=SYSTEM)
    rename_subdomain(tenant.id, subdomain=new_slug(), actor=SYSTEM)
    taken_back = rename_subdomain(tenant.id, subdomain=tenant.slug, actor=SYSTEM)

    assert same.slug == taken_back.slug == tenant.slug
    with pytest.raises(ValidationFailed):
        rename_subdomain(other.id, subdomain=tenant.slug, actor=SYSTEM)
    with pytest.raises(ValidationFailed):
        add_domain(other.id, name=tenant.slug, verified=False, actor=SYSTEM)


def test_secondary_name_reserved_later_can_be_released(make_tenant, monkeypatch):
    tenant, name = make_tenant(), new_slug()
    add_domain(tenant.id, name=name, verified=False, actor=SYSTEM)
    monkeypatch.setattr(names, "RESERVED_SLUGS", names.RESERVED_SLUGS | {name})

    assert "released" in run("domains", "release", tenant.slug, name)


def test_former_names_are_limited(make_tenant, monkeypatch):
    monkeypatch.setattr(subdomains, "MAX_FORMER_NAMES", 2)
    tenant = make_tenant()
    names = [tenant.slug, *(new_slug() for _ in range(4))]

    for name in names[1:]:
        rename_subdomain(tenant.id, subdomain=name, actor=SYSTEM)

    assert set(redirect_ends(tenant_by_slug(names[-1]))) == set(names[2:4])
    assert create_tenant(name="New", subdomain=names[0], actor=SYSTEM).slug == names[0]


@pytest.mark.parametrize(
    "name", ["admin", "x", "-a-", "a.b", "xn--acm-dma", "\u212aelvin", "a" * 41]
)
def test_invalid_new_name_is_refused(make_tenant, name: str):
    tenant = make_tenant()

    with pytest.raises(ValidationFailed):
        rename_subdomain(tenant.id, subdomain=name, actor=SYSTEM)

    assert tenant_by_slug(tenant.slug).id == tenant.id


@pytest.mark.parametrize("days", [-1, 3651])
def test_redirect_days_out_of_range_are_refused(make_tenant, days: int):
    with pytest.raises(ValidationFailed):
        rename_subdomain(make_tenant().id, subdomain=new_slug(), actor=SYSTEM, redirect_days=days)


def test_deleting_tenant_cannot_be_renamed(make_tenant):
    tenant = make_tenant()
    mark_deleting(tenant.id, actor=SYSTEM)

    with pytest.raises(TenantNotFound):
        rename_subdomain(tenant.id, subdomain=new_slug(), actor=SYSTEM)


def try_rename(tenant_id, name: str) -> str:
    try:
        rename_subdomain(tenant_id, subdomain=name, actor=SYSTEM)
    except SubdomainTaken:
        return "taken"
    finally:
        connections.close_all()
    return "renamed"


def test_concurrent_renames_only_one_wins(site: Site, make_tenant, agency: Agency):
    """The redirect of the name has expired, so all callers first delete the old row."""
    rename_subdomain(agency.ref.id, subdomain=new_slug(), actor=SYSTEM)
    end_redirect(agency.slug)
    tenants = [make_tenant() for _ in range(3)]

    with ThreadPoolExecutor(6) as pool:
        renamings = [pool.submit(try_rename, tenant.id, agency.slug) for tenant in tenants]
        signings = [pool.submit(site.sign_up, agency.slug) for _ in range(3)]
        found = [one.result() == "renamed" for one in renamings]
        answers = [one.result().status_code for one in signings]

    assert set(answers) <= {201, 409}
    assert [*found, *(status == 201 for status in answers)].count(True) == 1
    assert Domain.objects.filter(domain=agency.slug).count() == 1


def test_concurrent_name_swap_does_not_deadlock(make_tenant):
    for _ in range(3):
        one, two = make_tenant(), make_tenant()
        with ThreadPoolExecutor(2) as pool:
            pairs = [(one.id, two.slug), (two.id, one.slug)]
            assert set(pool.map(lambda pair: try_rename(*pair), pairs)) == {"taken"}


def test_concurrent_signup_and_rename_only_one_wins(site: Site, make_tenant):
    name, tenant = new_slug(), make_tenant()

    with ThreadPoolExecutor(2) as pool:
        renaming_ = pool.submit(try_rename, tenant.id, name)
        signing = pool.submit(site.sign_up, name)
        outcomes = (renaming_.result(), signing.result().status_code)

    assert outcomes in {("renamed", 409), ("taken", 201)}
    assert Domain.objects.filter(domain=name).count() == 1


def test_rename_is_audited(renamed):
    agency, name = renamed

    event = AuditEvent.objects.get(action="tenant.renamed", target_id=str(tenant_by_slug(name).id))

    assert event.details == {"from": agency.slug, "to": name, "redirect_days": 90}


def test_commands_do_not_accept_the_former_name(renamed):
    agency, name = renamed

    with pytest.raises(TenantNotFound, match=f"it is called '{name}' now"):
        tenant_by_slug(agency.slug)
