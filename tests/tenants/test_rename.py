"""Renaming a tenant: which names it can take, races, and what stays as it was."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError
from django.db import connections

from audit.models import AuditEvent
from audit.services import SYSTEM
from core.problems import ValidationFailed
from tenants import names, subdomains
from tenants.domains.services import add_domain
from tenants.domains.validation import is_domain_available
from tenants.lifecycle import (
    mark_deleting,
)
from tenants.models import Domain
from tenants.problems import DomainTaken, SubdomainTaken, TenantNotFound
from tenants.queries import tenant_by_slug
from tenants.services import create_tenant
from tenants.subdomains import redirect_ends, rename_subdomain
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.tenants.renaming import end_redirect, new_slug
from tests.tenants.test_commands import run


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
