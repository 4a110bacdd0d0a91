"""The benchmarks run to their end and say what they measured. No clock is judged here."""

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.__main__ import BENCHES, main
from devstack.environment import inherited
from devstack.home import CHECKOUT


def result_of(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench", *arguments, "--rounds", "1", "--json"]
    done = subprocess.run(
        command, cwd=CHECKOUT, env=inherited(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_tenant_is_made_by_both_sides():
    result = result_of("create_tenant", "--existing", "10,14")

    assert [size["tenants"] for size in result["existing"]] == [10, 14]
    for size in result["existing"]:
        for how in ("alone", "4 at once"):
            assert {side: figures["median"] > 0 for side, figures in size[how].items()} == {
                "Aggios": True,
                "stock": True,
            }


def test_every_side_answers_and_ours_costs_two_statements():
    result = result_of("users_me", "--requests", "20", "--workers", "1", "--threads", "1")

    sides = result["sides"]
    assert [side["requests"] for side in sides.values()] == [20] * 4
    # The tenant is read again every thirty seconds, so a count may fall on top of that.
    assert [n for n in sides["Aggios"]["statements"].values() if n >= 1] == [1, 1]
    assert sides["stock"]["statements_per_request"] >= 4
    assert len(result["ratio"]["pairs"]) == 1


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
