"""Traefik's HTTP provider when the backend does not answer or its answer is invalid."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.traefik_edge import Edge, running_edge

pytestmark = pytest.mark.needs("traefik")
NAME = "files.acme.example"
# An empty answer would be one without domains; the backend never gives one.
POLL = {"PROVIDER_POLL_INTERVAL": "200ms"}


@pytest.fixture(scope="module")
def polling(servers: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """A Traefik whose first backend these tests kill and restart."""
    with running_edge(tmp_path_factory.mktemp("provider"), **POLL) as started:
        yield started


def publish_domain(edge: Edge, hour: int = 1, resolver: str = "") -> None:
    """Let the backend name one custom domain, as tenants/domains/traefik.py does."""
    router = {
        "rule": f"Host(`{NAME}`)",
        "priority": 400,
        "service": "backend@file",
        "middlewares": ["elsewhere@file", "retry@file"],
        "tls": {"certResolver": resolver} if resolver else {},
    }
    marker = {f"asked-again-{hour}": {"chain": {"middlewares": ["backend@file"]}}}
    document = {"http": {"routers": {"domain-1": router}, "middlewares": marker}}
    publish(edge, json.dumps(document))


def publish(edge: Edge, text: str) -> None:
    place = edge.backends["a"].down
    (place / "new").write_text(text, encoding="utf-8")
    (place / "new").rename(place / "routes")


def received_count(edge: Edge, what: str) -> int:
    return httpx.get(f"{edge.backends['a'].url}/_received/{what}").json()["bytes"]


def wait_for_polls(edge: Edge, times: int = 3) -> None:
    """Wait until the provider has polled again, so that it has processed the last answer."""
    before = received_count(edge, "routes")
    edge.wait(lambda: received_count(edge, "routes") >= before + times)


def routed(edge: Edge) -> list[dict[str, Any]]:
    found = edge.dashboard("/api/http/routers?per_page=1000")
    return [router for router in found if router["provider"] == "http"]


def certificate_requests(edge: Edge) -> int:
    """Return how often Traefik has asked for the domain's certificate; no server issues one."""
    lines = [line for line in edge.log().splitlines() if "domain-1@http" in line]
    return sum("ACME" in line and NAME in line for line in lines)


def test_last_valid_provider_answer_stays_in_effect(polling: Edge) -> None:
    edge = polling
    publish_domain(edge)
    edge.wait(lambda: [r["status"] for r in routed(edge)] == ["enabled"])

    for nonsense in ('{"http": {"routers": ', "<html>", '{"http": {"routes": 1}}'):
        publish(edge, nonsense)
        wait_for_polls(edge)
        assert len(routed(edge)) == 1, nonsense
    edge.backends["a"].kill()
    assert len(routed(edge)) == 1
    assert edge.request(NAME).json()["name"] == "b"

    edge.backends["a"].start()
    publish(edge, '{"http": {"middlewares": {"m": {"chain": {"middlewares": ["backend@file"]}}}}}')
    edge.wait(lambda: routed(edge) == [])


def test_failed_certificate_is_requested_again_in_the_next_hour(
    polling: Edge,
) -> None:
    edge = polling
    publish_domain(edge, hour=1, resolver="custom-domains")
    edge.wait(lambda: certificate_requests(edge) == 1)
    wait_for_polls(edge, 10)
    assert certificate_requests(edge) == 1

    publish_domain(edge, hour=2, resolver="custom-domains")

    edge.wait(lambda: certificate_requests(edge) == 2)
