"""Health with each store unavailable; no request waits for an unavailable database."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

from devstack.testing import TestStack
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site


@contextmanager
def away(stores: TestStack, name: str) -> Iterator[None]:
    """Run the block without a store, then restart it."""
    stores.stop(name)
    try:
        yield
    finally:
        stores.start_ready(name)
        connections.close_all()


def states(site: Site) -> tuple[int, str, dict[str, str]]:
    """Return status, verdict and the state of each part."""
    answer = site.host().get("/api/health")
    body = answer.json()
    assert set(body) == {"status", "version", "checks"}
    assert all(check["latency_ms"] >= 0 for check in body["checks"].values())
    checks = {name: check["status"] for name, check in body["checks"].items()}
    return answer.status_code, body["status"], checks


ALL = {"database": "ok", "cache": "ok", "storage": "ok"}


def test_health_with_all_stores_is_ok(site: Site):
    assert states(site) == (200, "ok", ALL)


def test_health_without_redis_is_degraded(site: Site, stores: TestStack, acme: Agency):
    with away(stores, "valkey"):
        assert states(site) == (200, "degraded", {**ALL, "cache": "down"})
        assert site.host().get("/api/health/ready").status_code == 200
        assert acme.owner.at.get("/api/users/me").status_code == 200
        login = {"email": acme.owner.email, "password": PASSWORD}
        assert acme.host.post("/api/auth/login", login).status_code == 200
    assert states(site) == (200, "ok", ALL)


def test_health_without_object_store_is_degraded(site: Site, stores: TestStack, acme: Agency):
    with away(stores, "seaweedfs"):
        assert states(site) == (200, "degraded", {**ALL, "storage": "down"})
        assert acme.owner.at.get("/api/users/me").status_code == 200
    assert states(site) == (200, "ok", ALL)


def test_health_without_database_is_down(site: Site, stores: TestStack, acme: Agency):
    with away(stores, "postgres"):
        status, verdict, checks = states(site)
        assert (status, verdict, checks["database"]) == (503, "down", "down")
        assert site.host().get("/api/health/ready").status_code == 503
        assert site.host().get("/api/health/live").status_code == 200
        login = {"email": acme.owner.email, "password": PASSWORD}
        began = time.monotonic()
        answers = [
            acme.owner.at.get("/api/users/me"),
            acme.host.post("/api/auth/login", login),
            site.host("api").with_token(acme.owner.access_token).get("/api/users/me"),
            site.host("never-met-before").get("/api/users/me"),
            site.sign_up("never-opened"),
        ]
        assert time.monotonic() - began < 30
        assert {status_and_code(answer) for answer in answers} == {(503, "database_unavailable")}
        assert all(int(answer.headers["Retry-After"]) > 0 for answer in answers)
    for _ in range(12):
        assert acme.owner.at.get("/api/users/me").status_code == 200
    assert states(site) == (200, "ok", ALL)


@pytest.mark.parametrize("label", ["", "www", "api", "dash", "admin", "acme"])
def test_health_is_served_on_every_host(site: Site, acme: Agency, label: str):
    for path in ("/api/health", "/api/health/live", "/api/health/ready"):
        assert site.host(label).get(path).status_code == 200
