"""Headers that every response has: ids, version, caching; and the access log."""

import json
import secrets

import pytest

from core.request_context import REQUEST_ID_PATTERN
from devstack.testing import TestStack
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.service_logs import log_lines_with, log_text

LOGIN = "/api/auth/login"
JSON = {"Content-Type": "application/json"}
SECURE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class TestRequestId:
    """The request id passes from the client through Traefik to the log, and back."""

    @pytest.mark.parametrize("given", ["a1b2c3d4", "01HZX8J7ZK-test.id:1", "x" * 128])
    def test_a_well_formed_one_is_kept(self, acme: Agency, given: str):
        answer = acme.host.get("/api/health/live", headers={"X-Request-ID": given})

        assert answer.headers["X-Request-ID"] == given

    @pytest.mark.parametrize("given", ["", "short", "x" * 129, "a b c d e f", "<script>alert"])
    def test_any_other_is_replaced(self, acme: Agency, given: str):
        answer = acme.host.get("/api/health/live", headers={"X-Request-ID": given})

        assert answer.headers["X-Request-ID"] != given
        assert REQUEST_ID_PATTERN.fullmatch(answer.headers["X-Request-ID"])

    def test_it_is_in_the_logs_of_both(self, acme: Agency, stores: TestStack):
        given = f"seen-{secrets.token_hex(8)}"

        answer = acme.owner.at.get("/api/users/me", headers={"X-Request-ID": given})

        (line,) = log_lines_with(stores, given)
        assert line["request_id"] == given == answer.headers["X-Request-ID"]
        assert (line["tenant"], line["user"]) == (acme.slug, acme.owner.id)
        assert (line["method"], line["path"], line["status"]) == ("GET", "/api/users/me", 200)
        assert (line["route"], line["client_address"]) == ("api/users/me", "127.0.0.1")
        assert line["level"] == "info"
        assert line["timestamp"].endswith("Z")
        assert line["duration_ms"] > 0
        assert log_lines_with(stores, given, "access")

    def test_a_refusal_is_logged_with_it_too(self, stores: TestStack, site: Site):
        answer = site.host("nobody-at-all").get("/api/users/me")

        (line,) = log_lines_with(stores, answer.json()["request_id"])
        assert (line["status"], line["tenant"], line["user"]) == (404, None, None)


class TestVersion:
    def test_the_version_is_named(self, acme: Agency):
        for path in ("/", "/api/health/live", "/nothing", "/api/users/me"):
            assert acme.host.get(path).headers["X-API-Version"] == "v1"
        assert acme.host.get("/api/health/live", headers={"X-API-Version": "v1"}).status_code == 200

    @pytest.mark.parametrize("asked", ["v2", "1", "V1", "v1, v2", "x" * 500])
    def test_another_is_refused_on_every_path(self, acme: Agency, site: Site, asked: str):
        for host in (acme.host, site.host(), site.host("api")):
            answer = host.get("/api/users/me", headers={"X-API-Version": asked})
            assert status_and_code(answer) == (400, "unsupported_version")
            assert SECURE.items() <= dict(answer.headers).items() or all(
                answer.headers[name] == value for name, value in SECURE.items()
            )


@pytest.mark.parametrize("path", ["/api/health", "/api/users/me", "/", "/api/schema"])
def test_head_equals_get_without_body(acme: Agency, path: str):
    get, head = (acme.owner.at.request(method, path) for method in ("GET", "HEAD"))

    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["Content-Type"] == get.headers["Content-Type"]


def test_options_lists_methods(acme: Agency):
    answer = acme.owner.at.request("OPTIONS", "/api/users/me")

    assert answer.status_code == 200
    assert answer.headers["Allow"] == "GET, PUT, PATCH, HEAD, OPTIONS"


def test_response_is_not_stored_by_shared_caches(acme: Agency):
    answer = acme.owner.at.get("/api/users/me")

    assert "authorization" in answer.headers["Vary"].lower()
    assert {"private", "no-store", "no-cache"} & set(
        answer.headers["Cache-Control"].replace(" ", "").split(",")
    )


@pytest.mark.parametrize("path", ["/metrics", "/metrics/", "/metrics/x", "//metrics"])
def test_metrics_from_outside_are_not_found(site: Site, path: str):
    for label in ("", "acme"):
        answer = site.host(label).get(path)
        assert answer.status_code == 404
        assert "aggios_http" not in answer.text


def test_logs_are_json_without_secrets(acme: Agency, stores: TestStack):
    secret = f"never-logged-{secrets.token_hex(8)}"
    acme.host.post(LOGIN, {"email": "ada@acme.test", "password": secret})
    acme.host.post(LOGIN, content=json.dumps({"password": secret})[:-1], headers=JSON)
    acme.host.get(f"/api/users/me?token={secret}", headers={"Authorization": f"Bearer {secret}"})
    acme.host.post("/api/auth/refresh", {"refresh_token": secret})

    text = log_text(stores)

    assert secret not in text
    assert PASSWORD not in text
    assert acme.owner.access_token not in text
    assert acme.owner.refresh_token not in text
    assert all(json.loads(line) for line in text.splitlines() if line.startswith("{"))
