"""Prometheus metrics: only inside the network, without labels that name a tenant."""

import httpx

from devstack.testing import TestStack
from tests.support.factories import Agency
from tests.support.http_client import Site


def scrape(stores: TestStack, **headers: str) -> httpx.Response:
    """Ask gunicorn itself, as a scraper inside the network does."""
    url = f"http://127.0.0.1:{stores.ports['gunicorn']}/metrics"
    return httpx.get(url, headers={"Host": "localhost", **headers}, timeout=30)


def test_requests_of_all_workers_are_counted(site: Site, acme: Agency, stores: TestStack):
    for _ in range(5):
        acme.owner.at.get("/api/users/me")
        acme.host.get(f"/api/{acme.slug}-nothing")

    answer = scrape(stores)

    assert answer.status_code == 200
    assert 'aggios_http_requests_total{method="GET",route="api/users/me"' in answer.text
    assert "aggios_http_request_seconds_bucket" in answer.text
    assert acme.slug not in answer.text
    assert "nothing" not in answer.text


def test_forwarded_metrics_request_is_not_found(site: Site, stores: TestStack):
    answer = scrape(stores, **{"X-Forwarded-For": "1.2.3.4"})

    assert answer.status_code == 404
    assert "aggios_http" not in answer.text
