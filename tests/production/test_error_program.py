"""traefik/problems.py alone, as in its container."""

import httpx
import pytest

from tests.support.error_program import ID, TYPE_BASE, check, is_problem, running_error_program
from tests.support.traefik_edge import free_ports
from traefik.problems import PROBLEMS, WELL_FORMED_ID


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


def test_request_with_too_many_headers_gets_a_problem(error_program_url: str) -> None:
    answer = httpx.get(error_program_url, headers={f"X-{n}": "y" for n in range(200)})
    assert is_problem(answer, 503, answer.headers["X-Request-ID"])


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
