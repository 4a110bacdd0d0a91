"""The benchmarks run to their end and say what they measured. No clock is judged here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.__main__ import BENCHES, main
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
def test_a_tenant_is_made_by_both_sides():
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
def test_every_side_answers_and_ours_costs_two_statements():
    few = ["--rounds", "1", "--requests", "20", "--workers", "1", "--threads", "1"]
    result = result_of("users_me", *few)

    sides = result["sides"]
    assert [side["requests"] for side in sides.values()] == [20] * 4
    # The tenant is read again every thirty seconds, so a count may fall on top of that.
    assert [n for n in sides["Aggios"]["statements"].values() if n >= 1] == [1, 1]
    assert sides["stock"]["statements_per_request"] >= 4
    assert len(result["ratio"]["pairs"]) == 1


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_sessions_are_rotated_and_their_check_has_its_price():
    few = ["--rounds", "1", "--seconds", "1", "--clients", "2", "--workers", "1", "--threads", "2"]
    sides = result_of("sessions", *few)["sides"]

    assert list(sides) == ["users/me", "bare Django view", "refresh"]
    assert all(side["rate_median"] > 0 and side["requests"] > 0 for side in sides.values())


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_known_and_unknown_are_compared_in_every_question():
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
def test_a_role_is_measured_among_few_and_many():
    result = result_of("roles", "--rounds", "10", "--tenants", "12")

    assert list(result["microseconds"]) == ["10", "12"]
    for measured in result["microseconds"].values():
        assert len(measured) == 6
        assert min(measured.values()) > 0


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_the_memory_of_a_worker_and_its_backend_is_measured():
    curves = result_of("worker_memory", "--tenants", "5", "--scopes", "3")["curves"]

    assert {how: curve[-1]["tenants"] for how, curve in curves.items()} == {
        "kept": 5,
        "recycled": 5,
    }
    assert curves["kept"][-1]["worker"] > 10
    assert curves["kept"][-1]["backend"] > 0.5


@pytest.mark.parametrize("name", BENCHES)
def test_a_bench_explains_itself(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main([name, "--help"])

    assert "--json" in capsys.readouterr().out


def test_the_list_names_every_bench(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 0

    assert BENCHES.keys() <= set(capsys.readouterr().out.split())


def test_an_unknown_bench_is_named(capsys: pytest.CaptureFixture[str]):
    assert main(["nothing"]) == 2

    assert "'nothing'" in capsys.readouterr().out


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_files_go_every_way_and_come_back():
    small = ("--megabytes", "17", "--rounds", "1", "--files", "2000", "--seconds", "0.2")
    result = result_of("files", *small)

    assert set(result["ratios"]) == {
        *("up, signed addresses", "up, through the backend"),
        *("down, signed address", "down, signed address, no proxy"),
        *("down in one, signed address", "down in one, through the backend"),
    }
    assert all(ratio > 0 for ratio in result["ratios"].values())
    assert set(result["pages_per_second"]) == {"1", "1000"}


@pytest.mark.nightly
@pytest.mark.usefixtures("servers")
def test_others_are_measured_beside_slow_clients():
    few = ("--slow", "12", "--seconds", "1", "--interval", "0.3", "--megabytes", "17")
    found = result_of("slow_clients", *few, "--only", "forms")["found"]

    beside = [figures for figures in found.values() if "open" in figures]
    assert (len(found), len(beside)) == (2, 1)
    assert all(figures["rate"] > 0 for figures in found.values())
