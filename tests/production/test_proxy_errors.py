"""Traefik's own errors are problem+json, and the backend's errors pass unchanged."""

import time

import pytest

from tests.support.error_program import ID, is_problem
from tests.support.traefik_edge import DOMAIN, Edge, running_edge

pytestmark = pytest.mark.needs("traefik")
ACME = f"acme.{DOMAIN}"
S3 = f"s3.{DOMAIN}"


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_missing_backend_is_a_503_problem(without_backends: Edge, method: str) -> None:
    for path in ("/api/files", "/.problems/503", "/404"):
        answer = without_backends.request(
            ACME, path, method=method, headers={"X-Request-ID": ID}, content=b"x" * 100_000
        )
        assert is_problem(answer, 503)
        assert answer.headers["Strict-Transport-Security"].endswith("preload")


@pytest.mark.parametrize(("path", "is_page"), [("/files", True), ("/api/files", False)])
def test_missing_backend_is_a_page_for_browsers(without_backends: Edge, path: str, is_page: bool):
    headers = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": "pt-BR", "X-Request-ID": ID}
    for method in ("GET", "POST"):
        answer = without_backends.request(ACME, path, method=method, headers=headers)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"].startswith("text/html") == is_page
        assert ("Carregar a página de novo" in answer.text) == is_page
        assert answer.headers["X-Request-ID"] == ID


def test_page_broken_off_by_the_backend_is_a_page(edge: Edge) -> None:
    """The middleware ``errors`` asks for the page, so it must pass on what the browser prefers."""
    headers = {"Accept": "text/html", "Accept-Language": "pt", "X-Request-ID": ID}
    answer = edge.request(ACME, "/break", method="POST", headers=headers)
    assert answer.status_code == 503
    assert "O serviço não responde no momento." in answer.text


def test_missing_store_is_a_503_problem(without_backends: Edge) -> None:
    answer = without_backends.request(S3, "/aggios/x", headers={"X-Request-ID": ID})
    assert is_problem(answer, 503)


def test_head_of_a_missing_backend_has_no_body(without_backends: Edge) -> None:
    answer = without_backends.request(ACME, "/", method="HEAD")
    assert (answer.status_code, answer.content) == (503, b"")


@pytest.fixture(scope="module")
def without_backends(servers: None, tmp_path_factory):
    with running_edge(tmp_path_factory.mktemp("without")) as edge:
        for name in ("a", "b", "minio"):
            edge.backends[name].kill()
        states = [f"/api/http/services/backend-{kind}@file" for kind in ("ready", "alive")]
        edge.wait(
            lambda: all("UP" not in edge.dashboard(s)["serverStatus"].values() for s in states)
        )
        yield edge


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_request_broken_off_by_the_backend_is_a_503_problem(edge: Edge, method: str) -> None:
    answer = edge.request(ACME, "/break", method=method, headers={"X-Request-ID": ID})
    assert is_problem(answer, 503)


def test_killed_backend_is_a_503_problem_from_the_first_request(own_edge) -> None:
    """Before the health check fails, `errors` answers; afterwards `failover` does."""
    edge = own_edge(EDGE_RATE_AVERAGE="0")
    for name in ("a", "b"):
        edge.backends[name].kill()
    until = time.monotonic() + 4
    while time.monotonic() < until:
        answer = edge.request(ACME, method="POST", headers={"X-Request-ID": ID}, timeout=20)
        assert is_problem(answer, 503)


@pytest.mark.parametrize("status", [400, 403, 404, 413, 429, 500, 503])
def test_backend_errors_are_forwarded(edge: Edge, status: int) -> None:
    answer = edge.request(ACME, f"/refuse/{status}")
    assert (answer.status_code, answer.json()) == (status, {"code": "own"})
    assert answer.headers.get("Retry-After") == ("7" if status in (429, 503) else None)


def test_closed_paths_and_hosts_are_problems(edge: Edge, own_edge) -> None:
    sent = {"X-Request-ID": ID}
    for host, path in [(ACME, "/metrics"), (DOMAIN, "/metrics/x"), (S3, "/"), (S3, "/other/x")]:
        assert is_problem(edge.request(host, path, headers=sent), 404)
    closed = own_edge(ADMIN_ALLOWED_IPS="10.0.0.0/8")
    assert is_problem(closed.request(f"admin.{DOMAIN}", "/admin/", headers=sent), 403)


def test_store_rate_limit_is_a_429_problem(own_edge) -> None:
    edge = own_edge(EDGE_S3_RATE_AVERAGE="1", EDGE_S3_RATE_BURST="5")
    with edge.client(headers={"Host": S3, "X-Request-ID": ID}) as client:
        answers = [client.get("/aggios/x") for _ in range(20)]
    # The last request may succeed: the limit allows one more every second.
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(is_problem(answer, 429) for answer in refused)


def test_backend_rate_limit_answer_has_retry_after(own_edge) -> None:
    """Plain text, as the backend has its own 429: docs/decisions/0003-traefik-provider.md."""
    edge = own_edge(EDGE_RATE_AVERAGE="1", EDGE_RATE_BURST="20")
    with edge.client(headers={"Host": ACME}) as client:
        answers = [client.get("/") for _ in range(40)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert all(int(answer.headers["Retry-After"]) >= 0 for answer in refused)
    assert all("Strict-Transport-Security" in answer.headers for answer in refused)
