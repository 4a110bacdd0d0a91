"""An unreadable body is a 400 problem, with the real Traefik and the production files."""

import contextlib
import http.client
import ssl
import subprocess
import uuid
from pathlib import Path

import httpx
import pytest

from tests.support.compose import ROOT
from tests.support.error_program import ID, is_problem
from tests.support.traefik_edge import DOMAIN, Edge, running_edge, traefik_binary

from .test_availability import connect

pytestmark = pytest.mark.needs("traefik")
ACME = f"acme.{DOMAIN}"
HEAD = f"X-Request-ID: {ID}\r\nTransfer-Encoding: chunked\r\n\r\n"


def answer_to(
    edge: Edge, host: str, body: bytes, *, fields: str = HEAD, cut: bool = False
) -> httpx.Response:
    """Send a raw chunked body; ``cut`` then closes the client's side of the connection."""
    with connect(edge, host) as line:
        line.sendall(f"POST /api/x HTTP/1.1\r\nHost: {host}\r\n{fields}".encode() + body)
        if cut:
            line.setblocking(False)
            with contextlib.suppress(ssl.SSLWantReadError):
                line.unwrap()
            line.settimeout(20)
        got = http.client.HTTPResponse(line)
        got.begin()
        return httpx.Response(got.status, headers=got.getheaders(), content=got.read())


@pytest.mark.parametrize("host", [DOMAIN, ACME, "files.acme-agency.example"])
@pytest.mark.parametrize("body", [b"ZZ\r\n", b"5\r\nwhole\r\nZZ\r\n", b"3\r\nlonger\r\n"])
def test_malformed_chunk_is_a_400_problem(edge: Edge, host: str, body: bytes) -> None:
    assert is_problem(answer_to(edge, host, body), 400)


def test_truncated_chunked_body_is_a_400_problem(edge: Edge) -> None:
    assert is_problem(answer_to(edge, ACME, b"5\r\nha", cut=True), 400)


def test_malformed_chunk_without_request_id_gets_a_new_one(edge: Edge) -> None:
    answer = answer_to(edge, ACME, b"ZZ\r\n", fields="Transfer-Encoding: chunked\r\n\r\n")
    assert uuid.UUID(answer.json()["request_id"]).version == 4


@pytest.mark.parametrize("status", [400, 500, 503])
def test_backend_error_to_a_streamed_body_is_forwarded(edge: Edge, status: int) -> None:
    answer = edge.request(
        ACME,
        f"/refuse/{status}",
        "POST",
        content=iter([b"x" * 50_000]),
        headers={"X-Request-ID": ID},
    )
    assert (answer.status_code, answer.json()) == (status, {"code": "own"})
    assert answer.headers["X-Request-ID"] == ID


def test_response_to_a_streamed_body_is_streamed(edge: Edge) -> None:
    """An interpreted wrapper of the response would lack Flush and send both parts at once."""
    body = iter([b"x" * 50_000])
    with (
        edge.client(headers={"Host": ACME}) as client,
        client.stream("POST", "/slow", content=body) as answer,
    ):
        assert next(answer.iter_raw()) == b"first"


def test_missing_plugin_prevents_the_start_of_traefik(edge: Edge, tmp_path: Path) -> None:
    """Without ``abortOnPluginFailure`` the routers with the plugin would answer 404."""
    rendered = tmp_path / "traefik.yml"
    static = (edge.folder / "traefik.yml").read_text("utf-8")
    for port in (edge.http, edge.https, edge.internal):
        static = static.replace(f"127.0.0.1:{port}", "127.0.0.1:0")
    rendered.write_text(static, "utf-8")
    done = subprocess.run(
        [str(traefik_binary()), f"--configFile={rendered}"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert done.returncode != 0
    assert "malformedbody" in done.stdout + done.stderr


@pytest.mark.usefixtures("servers")
def test_traefik_without_the_plugin_serves_bodies_with_new_dynamic_files(tmp_path: Path) -> None:
    """After ``git pull`` the running Traefik reads the new files of ``dynamic/``."""
    former = tmp_path / "former"
    former.mkdir()
    static = (ROOT / "traefik" / "traefik.yml").read_text("utf-8")
    before, found, after = static.partition("\nexperimental:\n")
    assert found
    rest = after.partition("\n\n")[2]
    (former / "traefik.yml").write_text(f"{before}\n{rest}", "utf-8")
    with running_edge(tmp_path, CONFIG_DIRECTORY=str(former)) as edge:
        answer = edge.request(ACME, "/api/x", "POST", content=b"x" * 50_000)

    assert answer.status_code == 200
