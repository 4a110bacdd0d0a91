"""The benchmarks run and report what they measured; no test checks a duration."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.__main__ import BENCHMARKS, main
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT


def result_of(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench", *arguments, "--json"]
    done = subprocess.run(
        command,
        cwd=CHECKOUT,
        env=inherited_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_create_tenant_measures_both_sides():
    result = result_of("create_tenant", "--rounds", "1", "--existing", "10,14")

    assert [size["tenants"] for size in result["existing"]] == [10, 14]
    for size in result["existing"]:
        for how in ("alone", "4 at once"):
            assert {side: figures["median"] > 0 for side, figures in size[how].items()} == {
                "Aggios": True,
                "stock": True,
            }


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_users_me_measures_every_side_and_ours_needs_two_statements():
    few = ["--rounds", "1", "--requests", "20", "--workers", "1", "--threads", "1"]
    result = result_of("users_me", *few)

    sides = result["sides"]
    assert [side["requests"] for side in sides.values()] == [20] * 4
    # A worker reads the tenant again every 30 seconds, which adds statements now and then.
    assert [n for n in sides["Aggios"]["statements"].values() if n >= 1] == [1, 1]
    assert sides["stock"]["statements_per_request"] >= 4
    assert len(result["ratio"]["pairs"]) == 1


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_sessions_measures_refreshes_and_the_session_check():
    few = ["--rounds", "1", "--seconds", "1", "--clients", "2", "--workers", "1", "--threads", "2"]
    sides = result_of("sessions", *few)["sides"]

    assert list(sides) == ["users/me", "bare Django view", "refresh"]
    assert all(side["rate_median"] > 0 and side["requests"] > 0 for side in sides.values())


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_enumeration_compares_known_and_unknown_in_every_request():
    pairs = result_of("enumeration", "--samples", "3")["pairs"]

    assert list(pairs) == [
        "log in, wrong password",
        "log in, inactive",
        "forgot",
        "register, closed",
        "register, confirmed",
        "invite",
    ]
    for found in pairs.values():
        assert 0 <= found["p"] <= 1
        assert 0 <= found["ks_p"] <= 1
        assert min(found["known_ms"], found["unknown_ms"]) > 0


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_roles_measures_few_and_many_roles():
    result = result_of("roles", "--rounds", "10", "--tenants", "12")

    assert list(result["microseconds"]) == ["10", "12"]
    for measured in result["microseconds"].values():
        assert len(measured) == 6
        assert min(measured.values()) > 0


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_worker_memory_measures_worker_and_backend():
    curves = result_of("worker_memory", "--tenants", "5", "--max-schemas", "3")["curves"]

    assert {how: curve[-1]["tenants"] for how, curve in curves.items()} == {
        "kept": 5,
        "recycled": 5,
    }
    assert curves["kept"][-1]["worker"] > 10
    assert curves["kept"][-1]["backend"] > 0.5


@pytest.mark.parametrize("name", BENCHMARKS)
def test_benchmark_help_is_printed(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])

    assert "--json" in capsys.readouterr().out


def test_list_names_every_benchmark(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 0

    assert BENCHMARKS.keys() <= set(capsys.readouterr().out.split())


def test_unknown_benchmark_is_reported(capsys: pytest.CaptureFixture[str]):
    assert main(["nothing"]) == 2

    assert "'nothing'" in capsys.readouterr().out


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_files_measures_every_method_of_transfer():
    small = ("--megabytes", "17", "--rounds", "1", "--files", "2000", "--seconds", "0.2")
    result = result_of("files", *small)

    assert set(result["ratios"]) == {
        *("up, presigned URLs", "up, through the backend"),
        *("down, presigned URL", "down, presigned URL, no proxy"),
        *("down in one, presigned URL", "down in one, through the backend"),
    }
    assert all(ratio > 0 for ratio in result["ratios"].values())
    assert set(result["pages_per_second"]) == {"1", "1000"}


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_slow_clients_measures_other_clients_with_and_without_them():
    few = ("--slow", "12", "--seconds", "1", "--interval", "0.3", "--megabytes", "17")
    found = result_of("slow_clients", *few, "--only", "forms")["found"]

    with_slow = [figures for figures in found.values() if "open" in figures]
    assert (len(found), len(with_slow)) == (2, 1)
    assert all(figures["rate"] > 0 for figures in found.values())


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_pages_measures_times_statements_and_weights():
    few = ("--rounds", "1", "--requests", "2", "--files", "60", "--events", "60")
    pages = result_of("pages", *few, "--only", "files")["pages"]

    assert {"GET /api/users/me", "files", "files-grid", "files-empty"} <= set(pages)
    for name, figures in pages.items():
        assert figures["p50_ms"] > 0, name
        assert figures["statements"] > 0, name
    assert 0 < pages["files"]["document_bytes"] < pages["files"]["visit_bytes"]
