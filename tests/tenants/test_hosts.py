"""Host names and the sites that they lead to. Every header is sent through Traefik unchanged."""

import socket

import pytest

from tenants.routing import Site as Kind
from tenants.routing import site_for_host
from tests.support.factories import Agency
from tests.support.http_client import Host, Site

ANSWERS = [
    ("{slug}.aggios.localhost", 200),
    ("{slug}.aggios.localhost:{port}", 200),
    ("{slug}.aggios.localhost:1", 200),
    ("{SLUG}.AGGIOS.LOCALHOST", 200),
    ("{slug}.aggios.localhost.", 200),
    ("b.{slug}.aggios.localhost", 404),
    ("{slug}", 404),
    ("{slug}.localhost", 404),
    ("{slug}.aggios.localhost.evil.test", 404),
    ("{slug}.aggios.app", 404),
    ("nobody.aggios.localhost", 404),
    ("[::1]", 404),
    ("10.0.0.1", 404),
    ("x" * 300, 404),
    ("x" * 250 + ".aggios.localhost", 404),
    ("xn--acm-dma.aggios.localhost", 404),
]


def send_raw(site: Site, host: str, *headers: str, path: str = "/api/users/me") -> tuple[int, str]:
    """Send a request as raw bytes, so that the header is unchanged; return status and text."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers, "", ""]
    with socket.create_connection(("127.0.0.1", site.port), timeout=30) as connection:
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        text = b""
        while chunk := connection.recv(65536):
            text += chunk
    return int(text.split(b" ", 2)[1]), text.decode("latin-1")


@pytest.mark.parametrize(("host", "status"), ANSWERS)
def test_host_leads_to_its_site(site: Site, acme: Agency, host: str, status: int):
    name = host.format(slug=acme.slug, SLUG=acme.slug.upper(), port=site.port)

    answered, text = send_raw(site, name, f"Authorization: Bearer {acme.owner.access_token}")

    assert answered == status
    assert "application/problem+json" in text or status == 200
    assert "Traceback" not in text


@pytest.mark.parametrize("host", ["", "a b", "a/b", "\xe9\xe8", "acme.aggios.localhost:x", "[::1"])
def test_invalid_host_is_not_found(site: Site, acme: Agency, host: str):
    status, text = send_raw(site, host)

    assert status in {400, 404}
    assert "Traceback" not in text


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "aggios.localhost", "www.aggios.localhost"]
)
def test_apex_serves_the_public_site(site: Site, host: str):
    assert Host(site.port, host).get("/api/health/live").status_code == 200
    answer = Host(site.port, host).post("/api/auth/register", {})
    assert answer.json()["code"] == "validation_failed"


@pytest.mark.parametrize(
    "header", ["X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded", "X_Forwarded_Host"]
)
def test_forwarded_headers_do_not_change_the_host(
    site: Site, acme: Agency, globex: Agency, header: str
):
    name = f"{globex.slug}.aggios.localhost"
    value = f"host={name}" if header == "Forwarded" else name

    me = acme.owner.at.get("/api/users/me", headers={header: value})

    assert me.status_code == 200
    assert me.json()["id"] == acme.owner.id


def test_absolute_request_target_names_the_host(site: Site, acme: Agency, globex: Agency):
    """RFC 9112 section 3.2.2: an absolute target wins over Host; the token decides nothing."""
    target = f"http://{globex.slug}.aggios.localhost/api/users/me"
    bearer = f"Authorization: Bearer {acme.owner.access_token}"

    status, text = send_raw(site, f"{acme.slug}.aggios.localhost", bearer, path=target)

    assert status in {200, 401}
    assert (acme.owner.id in text) == (status == 200)


def test_two_host_headers_are_refused(site: Site, acme: Agency):
    status, _ = send_raw(site, f"{acme.slug}.aggios.localhost", "Host: globex.aggios.localhost")

    assert status == 400


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("aggios.localhost:8080", Kind("apex")),
        ("WWW.aggios.localhost", Kind("apex")),
        ("[::1]:8080", Kind("apex")),
        ("api.aggios.localhost", Kind("api")),
        ("dash.aggios.localhost.", Kind("dash")),
        ("admin.aggios.localhost", Kind("admin")),
        ("acme.aggios.localhost", Kind("tenant", "acme")),
        ("files.acme.example", Kind("tenant", "files.acme.example")),
        ("a.b.aggios.localhost", Kind("tenant", "a.b.aggios.localhost")),
        ("", Kind("tenant")),
        (".aggios.localhost", Kind("tenant")),
        ("acme .aggios.localhost", Kind("tenant")),
        ("acme\x00.aggios.localhost", Kind("tenant")),
        ("-acme.aggios.localhost", Kind("tenant", "-acme")),
        ("acme.aggios.localhost..", Kind("tenant")),
        ("acme..aggios.localhost", Kind("tenant")),
    ],
)
def test_site_for_host_returns_the_kind(host: str, kind: Kind):
    assert site_for_host(host) == kind
