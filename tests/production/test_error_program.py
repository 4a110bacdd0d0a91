"""traefik/problems.py alone, as in its container."""

import json
import socket
from urllib.parse import urlsplit

import httpx
import polib
import pytest

from tests.support.compose import ROOT
from tests.support.error_program import ID, TYPE_BASE, check, is_problem, running_error_program
from tests.support.traefik_edge import free_ports
from traefik.problems import PORTUGUESE, PROBLEMS, UNAVAILABLE, WELL_FORMED_ID

CATALOGUE = ROOT / "templates/locale/pt_BR/LC_MESSAGES/django.po"


@pytest.fixture(scope="module")
def error_program_url():
    (port,) = free_ports(1)
    with running_error_program(port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("status", sorted(PROBLEMS))
def test_problem_path_selects_the_problem(error_program_url: str, status: int) -> None:
    answer = httpx.get(f"{error_program_url}/.problems/{status}", headers={"X-Request-ID": ID})
    assert is_problem(answer, status)
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/404", "/.problems/999", "/.problems/404/x", "/x?y"])
def test_other_path_is_503(error_program_url: str, path: str) -> None:
    assert httpx.get(error_program_url + path).status_code == 503


@pytest.mark.parametrize("given", ["seven-7", "x" * 129, "with space", "<script>", ""])
def test_invalid_request_id_is_replaced(error_program_url: str, given: str) -> None:
    made = httpx.get(error_program_url, headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made != given
    assert WELL_FORMED_ID.fullmatch(made)


@pytest.mark.parametrize("given", ["x" * 8, "x" * 128, "a.b_c:d-9"])
def test_valid_request_id_is_kept(error_program_url: str, given: str) -> None:
    assert is_problem(httpx.get(error_program_url, headers={"X-Request-ID": given}), 503, given)


CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("language", "expected"),
    [("pt-BR,pt;q=0.9,en;q=0.8", "pt-br"), ("en;q=0.5,pt", "pt-br"), ("en-GB", "en"), ("de", "en")],
)
def test_browser_gets_a_page_in_its_language(error_program_url: str, language: str, expected: str):
    headers = {"X-Request-ID": ID, "Accept": CHROMIUM, "Accept-Language": language}
    for path in ("/files", "/.problems/503?url=%2Ffiles%3Fsearch%3Dx"):
        page = httpx.get(error_program_url + path, headers=headers)
        said = {"en": UNAVAILABLE.title, "pt-br": PORTUGUESE[UNAVAILABLE.title]}
        assert page.status_code == 503
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert page.headers["Content-Language"] == expected
        assert page.headers["Retry-After"] == "2"
        assert "sha256-" in page.headers["Content-Security-Policy"]
        assert f"<h1>{said[expected]}</h1>" in page.text
        assert ID in page.text


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api", CHROMIUM),
        ("/api/files", CHROMIUM),
        ("/.problems/503?url=%2Fapi%2Ffiles", CHROMIUM),
        ("/.problems/503?url=%2F%2F%5B", CHROMIUM),
        ("/.problems/503", CHROMIUM),
        ("/files", "*/*"),
        ("/files", "application/json, text/html"),
        ("/files", ""),
    ],
)
def test_program_and_api_get_problem_json(error_program_url: str, path: str, accept: str):
    answer = httpx.get(error_program_url + path, headers={"X-Request-ID": ID, "Accept": accept})
    assert is_problem(answer, 503)


def test_portuguese_texts_are_those_of_the_application() -> None:
    known = {entry.msgid: entry.msgstr for entry in polib.pofile(str(CATALOGUE))}
    assert {text: known.get(text) for text in PORTUGUESE} == PORTUGUESE
    assert {problem.title for problem in PROBLEMS.values()} <= PORTUGUESE.keys()


def test_request_with_too_many_headers_gets_a_problem(error_program_url: str) -> None:
    answer = httpx.get(error_program_url, headers={f"X-{n}": "y" for n in range(200)})
    assert is_problem(answer, 503, answer.headers["X-Request-ID"])


def test_body_that_is_still_sent_does_not_reset_the_connection(error_program_url: str) -> None:
    """Traefik would lose the response now and then, and disconnect its client without one."""
    address = urlsplit(error_program_url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as line:
        line.sendall(b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n")
        line.sendall(b"x" * 100_000)
        answer = line.recv(65536)
        for _ in range(3):
            line.sendall(b"x" * 100_000)
        line.shutdown(socket.SHUT_WR)
        while block := line.recv(65536):
            answer += block

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert json.loads(body)["code"] == "service_unavailable"


def test_sigterm_ends_the_program_and_fails_its_check() -> None:
    (port,) = free_ports(1)
    with running_error_program(port) as process:
        assert check(port)
        process.terminate()
        assert process.wait(timeout=5) == 0
        assert not check(port)


@pytest.mark.needs("compose")
def test_compose_passes_the_problem_type_base(config) -> None:
    assert config["services"]["problems"]["environment"] == {"PROBLEM_TYPE_BASE": TYPE_BASE}
