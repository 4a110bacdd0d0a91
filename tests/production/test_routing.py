"""Routing of hosts and paths by the real Traefik with the production configuration."""

import http.client
import ssl
import subprocess

import httpx
import pytest

from tests.support.traefik_edge import DOMAIN, PASSWORD, ROOT, Edge, traefik_binary

pytestmark = pytest.mark.needs("traefik")

OURS = [
    DOMAIN,
    f"www.{DOMAIN}",
    f"api.{DOMAIN}",
    f"dash.{DOMAIN}",
    f"admin.{DOMAIN}",
    f"acme.{DOMAIN}",
    f"my-agency-2.{DOMAIN}",
    f"ACME.{DOMAIN}".upper(),
    "files.acme-agency.example",
    f"two.levels.{DOMAIN}",
    f"under_score.{DOMAIN}",
    "127.0.0.1",
]


@pytest.mark.parametrize("host", OURS)
def test_application_host_reaches_the_backend(edge: Edge, host: str) -> None:
    answer = edge.request(host, "/api/tenant")
    assert answer.status_code == 200
    assert answer.json()["name"] in ("a", "b")
    assert ["host", host] in answer.json()["headers"]


@pytest.mark.parametrize("path", ["/aggios", "/aggios/", "/aggios/t_1/file.bin", "/aggios/100%25"])
def test_bucket_path_on_the_storage_host_reaches_the_store(edge: Edge, path: str) -> None:
    answer = edge.request(f"s3.{DOMAIN}", path + "?X-Amz-Signature=abc")
    assert answer.json()["name"] == "minio"
    assert answer.json()["path"] == path + "?X-Amz-Signature=abc"
    assert ["host", f"s3.{DOMAIN}"] in answer.json()["headers"]


@pytest.mark.parametrize(
    "path",
    ["/", "/other/file", "/aggios-other/file", "/minio/admin/v3/info", "/minio/v2/metrics/cluster"],
)
def test_other_path_of_the_store_is_not_found(edge: Edge, path: str) -> None:
    assert edge.request(f"s3.{DOMAIN}", path).status_code == 404


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (f"s3.{DOMAIN}", "/aggios/../minio/admin/v3/info"),
        (f"s3.{DOMAIN}", "/aggios/%2e%2e/minio/admin/v3/info"),
        (f"s3.{DOMAIN}", "//minio/admin/v3/info"),
        (f"acme.{DOMAIN}", "//metrics"),
        (f"acme.{DOMAIN}", "/api/../metrics"),
        (f"acme.{DOMAIN}", "/%6detrics"),
    ],
)
def test_refused_path_in_other_spellings_is_not_found(edge: Edge, host: str, path: str) -> None:
    assert raw_status(edge, host, path) == 404


@pytest.mark.parametrize("path", ["/a%2Fb", "/a%5Cb", "/a%00b"])
def test_ambiguous_escapes_are_refused(edge: Edge, path: str) -> None:
    assert raw_status(edge, f"acme.{DOMAIN}", path) == 400


def raw_status(edge: Edge, host: str, path: str) -> int:
    """Send the path exactly as written, which httpx would normalise."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", edge.https, context=context, timeout=5)
    connection.request("GET", path, headers={"Host": host})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", [DOMAIN, f"acme.{DOMAIN}", f"s3.{DOMAIN}", "other.example"])
def test_metrics_are_not_public(edge: Edge, host: str) -> None:
    assert edge.request(host, "/metrics").status_code == 404
    assert edge.request(host, "/metrics/x").status_code == 404


@pytest.mark.parametrize("host", [DOMAIN, f"acme.{DOMAIN}", f"s3.{DOMAIN}", f"minio.{DOMAIN}"])
def test_plain_http_is_redirected_permanently(edge: Edge, host: str) -> None:
    url = f"http://127.0.0.1:{edge.http}/path?q=1"
    answer = httpx.get(url, headers={"Host": f"{host}:{edge.http}"})
    assert answer.status_code == 301
    assert answer.headers["Location"] == f"https://{host}:{edge.https}/path?q=1"


@pytest.mark.parametrize("host", [f"traefik.{DOMAIN}", f"minio.{DOMAIN}"])
def test_operator_pages_require_the_password(edge: Edge, host: str) -> None:
    assert edge.request(host).status_code == 401
    assert edge.request(host, auth=("operator", "wrong")).status_code == 401


def test_dashboard_with_the_password_reports_no_errors(edge: Edge) -> None:
    answer = edge.request(f"traefik.{DOMAIN}", "/api/overview", auth=("operator", PASSWORD))
    overview = answer.json()["http"]
    for kind in ("routers", "services", "middlewares"):
        assert (overview[kind]["errors"], overview[kind]["warnings"]) == (0, 0), kind


def test_console_does_not_receive_the_password(edge: Edge) -> None:
    answer = edge.request(f"minio.{DOMAIN}", "/login", auth=("operator", PASSWORD))
    assert answer.json()["name"] == "console"
    assert "authorization" not in dict(answer.json()["headers"])


def test_internal_entry_point_serves_only_ping_and_metrics(edge: Edge) -> None:
    base = f"http://127.0.0.1:{edge.internal}"
    assert httpx.get(f"{base}/ping").text == "OK"
    assert "traefik_service_requests_total" in httpx.get(f"{base}/metrics").text
    assert httpx.get(f"{base}/api/tenant", headers={"Host": DOMAIN}).status_code == 404


def test_container_health_check_passes_with_the_rendered_file(edge: Edge) -> None:
    rendered = edge.folder / "traefik.yml"
    command = [str(traefik_binary()), "healthcheck", f"--configFile={rendered}"]
    assert subprocess.run(command, check=False, capture_output=True, timeout=10).returncode == 0


def test_front_end_example_routes_as_documented(own_edge, tmp_path) -> None:
    dynamic = tmp_path / "dynamic"
    dynamic.mkdir()
    for source in (ROOT / "traefik" / "dynamic").glob("*.yml"):
        (dynamic / source.name).write_text(source.read_text("utf-8"), "utf-8")
    example = (ROOT / "traefik" / "dynamic" / "frontends.yml.example").read_text("utf-8")
    edge = own_edge(DYNAMIC_DIRECTORY=str(dynamic))
    console = edge.backends["console"].url
    for name in ("http://site:3000", "http://dashboard-app:3000"):
        example = example.replace(name, console)
    (dynamic / "frontends.yml").write_text(example, "utf-8")

    def name(host: str, path: str) -> str:
        return edge.request(host, path).json()["name"]

    edge.wait(lambda: name(DOMAIN, "/") == "console")
    assert name(f"dash.{DOMAIN}", "/projects") == "console"
    assert name(DOMAIN, "/api/health") in ("a", "b")
    assert name(f"acme.{DOMAIN}", "/") in ("a", "b")
