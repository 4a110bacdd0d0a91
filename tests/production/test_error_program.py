"""traefik/problems.py by itself, as its container runs it."""

import httpx
import pytest

from tests.support.error_program import ID, TYPE_BASE, check, is_problem, running_error_program
from tests.support.traefik_edge import free_ports
from traefik.problems import PROBLEMS, WELL_FORMED_ID


@pytest.fixture(scope="module")
def speaker():
    (port,) = free_ports(1)
    with running_error_program(port):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("status", sorted(PROBLEMS))
def test_the_path_says_which_problem(speaker: str, status: int) -> None:
    answer = httpx.get(f"{speaker}/.problems/{status}", headers={"X-Request-ID": ID})
    assert is_problem(answer, status)
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/404", "/.problems/999", "/.problems/404/x", "/x?y"])
def test_every_other_path_is_503(speaker: str, path: str) -> None:
    assert httpx.get(speaker + path).status_code == 503


@pytest.mark.parametrize("given", ["seven-7", "x" * 129, "with space", "<script>", ""])
def test_an_ill_formed_request_id_is_replaced(speaker: str, given: str) -> None:
    made = httpx.get(speaker, headers={"X-Request-ID": given}).headers["X-Request-ID"]
    assert made != given
    assert WELL_FORMED_ID.fullmatch(made)


@pytest.mark.parametrize("given", ["x" * 8, "x" * 128, "a.b_c:d-9"])
def test_a_well_formed_request_id_is_kept(speaker: str, given: str) -> None:
    assert is_problem(httpx.get(speaker, headers={"X-Request-ID": given}), 503, given)


def test_too_many_headers_are_no_page_of_html(speaker: str) -> None:
    answer = httpx.get(speaker, headers={f"X-{n}": "y" for n in range(200)})
    assert is_problem(answer, 503, answer.headers["X-Request-ID"])


def test_it_ends_at_once_on_sigterm_and_the_check_notices() -> None:
    (port,) = free_ports(1)
    with running_error_program(port) as process:
        assert check(port)
        process.terminate()
        assert process.wait(timeout=5) == 0
        assert not check(port)


@pytest.mark.needs("compose")
def test_compose_gives_it_the_applications_addresses(config) -> None:
    assert config["services"]["problems"]["environment"] == {"PROBLEM_TYPE_BASE": TYPE_BASE}
