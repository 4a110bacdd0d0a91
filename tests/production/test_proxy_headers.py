"""Headers that the proxy removes and adds, and values that its logs must not hold."""

import concurrent.futures
import json

import pytest

from tests.support.echo_backend import SECURITY
from tests.support.traefik_edge import DOMAIN, Edge

pytestmark = pytest.mark.needs("traefik")
ACME = f"acme.{DOMAIN}"


def seen(answer, name: str) -> list[str]:
    return [value for key, value in answer.json()["headers"] if key == name]


def test_forwarded_headers_of_clients_are_overwritten(edge: Edge) -> None:
    answer = edge.request(
        ACME,
        headers={
            "X-Forwarded-For": "1.2.3.4",
            "X-Forwarded-Host": "globex.aggios.test",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Port": "80",
            "X-Real-Ip": "1.2.3.4",
            "Forwarded": "for=1.2.3.4;host=globex.aggios.test",
        },
    )
    assert seen(answer, "x-forwarded-for") == ["127.0.0.1"]
    assert seen(answer, "x-forwarded-host") == [ACME]
    assert seen(answer, "x-forwarded-proto") == ["https"]
    assert seen(answer, "x-real-ip") == ["127.0.0.1"]
    assert seen(answer, "forwarded") == []
    assert "1.2.3.4" not in answer.text
    assert "globex" not in answer.text


@pytest.mark.parametrize("name", ["X_Auth_User", "X.Auth.User", "X_Forwarded_For", "X_Request_ID"])
def test_header_aliases_are_dropped(edge: Edge, name: str) -> None:
    answer = edge.request(ACME, headers={name: "evil", "X-Auth-User": "kept"})
    assert "evil" not in answer.text
    assert seen(answer, "x-auth-user") == ["kept"]


def test_request_id_is_forwarded_both_ways(edge: Edge) -> None:
    answer = edge.request(ACME, headers={"X-Request-ID": "abc-123"})
    assert seen(answer, "x-request-id") == ["abc-123"]
    assert answer.headers["X-Request-ID"] == "abc-123"
    made = edge.request(ACME).headers["X-Request-ID"]
    assert made.startswith("made-by-")


def test_authorization_header_reaches_the_backend(edge: Edge) -> None:
    answer = edge.request(ACME, headers={"Authorization": "Bearer abc"})
    assert seen(answer, "authorization") == ["Bearer abc"]


@pytest.mark.parametrize(
    ("host", "path"), [(DOMAIN, "/"), (ACME, "/metrics"), (f"s3.{DOMAIN}", "/aggios/x")]
)
def test_responses_have_security_headers(edge: Edge, host: str, path: str) -> None:
    headers = edge.request(host, path).headers
    assert headers["Strict-Transport-Security"] == SECURITY["Strict-Transport-Security"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_security_headers_of_the_backend_are_unchanged(edge: Edge) -> None:
    headers = edge.request(ACME, "/secure").headers
    assert {name: headers.get_list(name) for name in SECURITY} == {
        name: [value] for name, value in SECURITY.items()
    }


def test_uploaded_pages_cannot_run_scripts(edge: Edge) -> None:
    headers = edge.request(f"s3.{DOMAIN}", "/aggios/page.html").headers
    assert "sandbox" in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Server" not in headers


def test_store_allows_every_origin_and_no_credentials(edge: Edge) -> None:
    sent = {"Origin": "https://evil.example"}
    headers = edge.request(f"s3.{DOMAIN}", "/aggios/x", headers=sent).headers
    assert headers["Access-Control-Allow-Origin"] == "https://evil.example"
    assert "Access-Control-Allow-Credentials" not in headers


def test_compression_applies_to_json_and_not_to_files(edge: Edge) -> None:
    accept = {"Accept-Encoding": "gzip"}
    assert edge.request(ACME, "/long.json", headers=accept).headers["Content-Encoding"] == "gzip"
    for host, path in [(ACME, "/long.bin"), (f"s3.{DOMAIN}", "/aggios/long.json")]:
        answer = edge.request(host, path, headers=accept)
        assert "Content-Encoding" not in answer.headers
        assert int(answer.headers["Content-Length"]) == len(answer.content) > 3000


def test_access_log_is_json_without_secrets(edge: Edge) -> None:
    made = "log-me-1234"
    edge.request(
        f"s3.{DOMAIN}",
        "/aggios/key-secret?X-Amz-Signature=signature-secret",
        headers={
            "Authorization": "Bearer token-secret",
            "Cookie": "session=cookie-secret",
            "Referer": f"https://{ACME}/s/referrer-secret",
            "X-Request-ID": made,
        },
    )
    edge.wait(lambda: made in edge.log())
    line = json.loads(next(x for x in edge.log().splitlines() if made in x))
    assert (line["RequestHost"], line["DownstreamStatus"]) == (f"s3.{DOMAIN}", 200)
    assert line["RouterName"] == "s3@file"
    assert line["downstream_X-Request-Id"] == made
    for secret in ("signature", "token", "cookie", "referrer", "key"):
        assert f"{secret}-secret" not in edge.log()


@pytest.mark.parametrize(
    "path", ["/s/{}", "//s/{}", "/S/{}", "/s/{}/x", "/s%2f{}", "/x/s/{}", "/join?token={}"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_access_log_holds_no_path_with_a_token(edge: Edge, path: str, method: str) -> None:
    """This holds for paths without a route, and for paths that Traefik refuses (%2f)."""
    made = f"path-{method}-{path.translate({ord(x): 'x' for x in '/%?{}='})}"
    edge.request(ACME, path.format("token-secret"), method, headers={"X-Request-ID": made})
    edge.request(ACME, "/after", headers={"X-Request-ID": f"after-{made}"})
    edge.wait(lambda: f"after-{made}" in edge.log())
    assert "token-secret" not in edge.log()


def test_rate_limit_of_one_address_is_429(own_edge) -> None:
    edge = own_edge(EDGE_RATE_AVERAGE="1", EDGE_RATE_BURST="20")
    with edge.client(headers={"Host": ACME}) as client:
        statuses = [client.get("/").status_code for _ in range(60)]
    assert statuses[:20] == [200] * 20
    assert 429 in statuses
    assert set(statuses) == {200, 429}


def test_default_rate_limit_allows_a_page_with_many_requests(edge: Edge) -> None:
    def get(_: int) -> int:
        return edge.request(f"s3.{DOMAIN}", "/aggios/thumbnail").status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, range(200))) == {200}


def test_operator_hosts_refuse_other_addresses(own_edge) -> None:
    edge = own_edge(ADMIN_ALLOWED_IPS="10.0.0.0/8, 192.0.2.7/32")
    for host in (f"admin.{DOMAIN}", f"traefik.{DOMAIN}", f"minio.{DOMAIN}"):
        assert edge.request(host).status_code == 403
        assert edge.request(host, method="POST").status_code == 403
    assert edge.request(ACME).status_code == 200
