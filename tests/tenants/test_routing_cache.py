"""A change of a tenant is effective at the next request in every process, also without Redis."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import transaction
from django_redis import get_redis_connection

from audit.services import SYSTEM
from devstack.testing import TestStack
from tenants import routing
from tenants.domains.services import add_domain, remove_domain, set_verified
from tenants.lifecycle import resume_tenant, suspend_tenant
from tenants.models import Tenant
from tenants.services import update_tenant
from tenants.subdomains import rename_subdomain
from tests.support.factories import Agency
from tests.support.http_client import Host, Site

ASKED = 12  # enough requests that both workers and all their threads answer


@pytest.fixture
def agency(new_agency: Callable[..., Agency]) -> Agency:
    """A tenant that every worker has cached."""
    made = new_agency()
    assert statuses(made) == {200}
    return made


@pytest.fixture
def without_redis(stores: TestStack) -> Iterator[Callable[[], None]]:
    """Stop Redis for the test; the returned function starts it again."""

    def back() -> None:
        if "valkey" not in {item.service.name for item in stores.supervised()}:
            stores.start_ready("valkey")

    stores.stop("valkey")
    yield back
    back()


def statuses(agency: Agency, path: str = "/api/users/me") -> set[int]:
    """Send concurrent requests to both workers and return the statuses."""
    found: list[int] = []

    def ask() -> None:
        found.extend(agency.owner.at.get(path).status_code for _ in range(ASKED // 3))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(found)


def test_suspend_and_resume_are_seen_at_once(agency: Agency):
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="unpaid")
    assert statuses(agency) == {403}

    resume_tenant(agency.ref.id, actor=SYSTEM)
    assert statuses(agency) == {200}


def test_suspend_and_resume_are_seen_without_redis(
    agency: Agency, without_redis: Callable[[], None]
):
    assert statuses(agency) == {200}

    suspend_tenant(agency.ref.id, actor=SYSTEM)
    assert statuses(agency) == {403}

    # Redis restores the old stamps from its file; the entries for them must not be used.
    without_redis()
    assert statuses(agency) == {403}


def test_change_during_redis_outage_is_seen_by_idle_process(
    agency: Agency, without_redis: Callable[[], None]
):
    """No request arrives during the outage: the workers detect it by their broken connections."""
    suspend_tenant(agency.ref.id, actor=SYSTEM)
    without_redis()

    assert statuses(agency) == {403}


def test_rolled_back_change_is_not_seen(agency: Agency):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        suspend_tenant(agency.ref.id, actor=SYSTEM)
        raise ZeroDivisionError

    assert statuses(agency) == {200}


def test_invalidation_waits_for_the_commit(agency: Agency):
    with transaction.atomic():
        suspend_tenant(agency.ref.id, actor=SYSTEM)
        assert statuses(agency) == {200}
    assert statuses(agency) == {403}


def test_read_racing_with_change_is_not_cached(agency: Agency, monkeypatch):
    """The stamp is read before the row: the row changes after it was read."""
    name, ref = agency.slug, agency.ref
    stale = ref
    routing._entries.clear()

    def read_then_change(_: str):
        suspend_tenant(ref.id, actor=SYSTEM)
        return stale

    monkeypatch.setattr(routing, "_by_name", read_then_change)
    assert routing.tenant_for_host(name) == stale
    monkeypatch.undo()

    assert routing.tenant_for_host(name).status == "suspended"


def test_entry_expires(agency: Agency, monkeypatch):
    """The process that changed the row died before the invalidation."""
    assert routing.tenant_for_host(agency.slug).status == "active"
    Tenant.objects.filter(pk=agency.ref.id).update(status="suspended")
    assert routing.tenant_for_host(agency.slug).status == "active"

    late = time.monotonic() + routing.ENTRY_SECONDS + 1
    monkeypatch.setattr(routing.time, "monotonic", lambda: late)
    assert routing.tenant_for_host(agency.slug).status == "suspended"


def test_new_name_is_served_after_earlier_miss(site: Site, agency: Agency):
    name = f"also-{agency.slug}"
    assert site.host(name).get("/api/users/me").status_code == 404

    domain = add_domain(agency.ref.id, name=name, verified=False, actor=SYSTEM)
    assert site.host(name).get("/api/users/me").status_code == 401

    remove_domain(domain.id, actor=SYSTEM)
    assert site.host(name).get("/api/users/me").status_code == 404


def test_custom_domain_is_served_while_verified(site: Site, agency: Agency):
    name = f"files.{agency.slug}.example"
    host = Host(site.port, name, agency.owner.access_token)
    domain = add_domain(agency.ref.id, name=name, verified=False, actor=SYSTEM)
    assert host.get("/api/users/me").status_code == 404

    set_verified(domain.id, verified=True, actor=SYSTEM)
    assert host.get("/api/users/me").status_code == 200
    assert host.get("/api/schema").status_code == 200
    assert host.get("/api/docs").status_code == 200

    set_verified(domain.id, verified=False, actor=SYSTEM)
    assert host.get("/api/users/me").status_code == 404


def test_name_changes_are_seen_without_redis(
    site: Site, agency: Agency, without_redis: Callable[[], None]
):
    tenant_id, token, name = agency.ref.id, agency.owner.access_token, f"r{agency.slug}"
    own = Host(site.port, f"files.{agency.slug}.example", token)
    domain = add_domain(tenant_id, name=own.name, verified=True, actor=SYSTEM)
    assert own.get("/api/users/me").status_code == 200

    rename_subdomain(tenant_id, subdomain=name, actor=SYSTEM)
    remove_domain(domain.id, actor=SYSTEM)

    assert statuses(agency) == {307}
    assert own.get("/api/users/me").status_code == 404
    without_redis()
    # The stamps in its file are from before the changes.
    assert statuses(agency) == {307}
    assert {own.get("/api/users/me").status_code for _ in range(ASKED)} == {404}
    assert site.host(name).with_token(token).get("/api/users/me").status_code == 200


def test_rolled_back_rename_is_not_seen(site: Site, agency: Agency):
    name = f"r{agency.slug}"
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        rename_subdomain(agency.ref.id, subdomain=name, actor=SYSTEM)
        raise ZeroDivisionError

    assert statuses(agency) == {200}
    assert site.host(name).get("/api/users/me").status_code == 404


def test_rename_is_seen_in_every_process(agency: Agency):
    assert agency.slug.title() in agency.host.get("/", headers={"Accept": "text/html"}).text

    update_tenant(agency.ref.id, name="Renamed Ltd", registration="open", actor=SYSTEM)

    pages = {agency.host.get("/", headers={"Accept": "text/html"}).text for _ in range(ASKED)}
    assert all("Renamed Ltd" in page for page in pages)
    body = {"email": "new@one.test", "password": "correct horse battery staple"}
    assert agency.host.post("/api/auth/register", body).status_code == 201


def test_unknown_names_expire_from_redis(site: Site):
    name = f"nobody-{time.monotonic_ns()}"
    site.host(name).get("/api/users/me")

    assert 0 < get_redis_connection("default").ttl(f"aggios:route:host:{name}") <= 30
