"""A short ``python -m bench attack``: foreign rows in the stock set-up, and none in Aggios."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from bench.attack.cases import KINDS, STREAMING
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT

# It starts a stack and five servers, which takes long on a busy machine.
pytestmark = [pytest.mark.nightly, pytest.mark.timeout(600)]
# A run of stock ends at its first foreign row; without one it takes as long as ours.
ATTACK = ["--requests", "800", "--aim", "0.08", "--enough", "1", "--json"]


@pytest.fixture(scope="module")
def runs(servers: None) -> dict[str, list[dict[str, Any]]]:
    """Return the runs of both sides, each with persistent and with pooled connections."""
    done = subprocess.run(
        [sys.executable, "-m", "bench", "attack", *ATTACK],
        cwd=CHECKOUT,
        env=inherited_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:] + done.stdout[-4000:]
    found = json.loads(done.stdout)["runs"]
    return {side: [run for run in found if run["side"] == side] for side in ("ours", "stock")}


def total(runs: list[dict[str, Any]], counter: str) -> Counter[str]:
    return sum((Counter(run[counter]) for run in runs), Counter())


def test_response_of_aggios_holds_no_foreign_row(runs):
    assert [run["requests"] for run in runs["ours"]] == [400, 400]
    for run in runs["ours"]:
        assert (run["foreign"], run["misplaced"], run["incomplete"]) == ([], [], [])


def test_context_switches_of_aggios_were_attacked(runs):
    seen = total(runs["ours"], "seen")

    assert seen["switches_cancelled"] >= 15
    assert seen["switches_terminated"] >= 2
    assert seen["others_cancelled"] + seen["others_terminated"] >= 5


def test_every_kind_of_request_was_served_completely(runs):
    complete = total(runs["ours"], "complete")

    assert {kind for kind in (*KINDS, STREAMING) if not complete[kind]} == {"unhandled_exception"}


def test_attack_of_stock_finds_foreign_rows(runs):
    """Stock ignores a cancelled SET search_path; an attack that misses this would prove nothing."""
    assert [text for run in runs["stock"] for text in run["foreign"] + run["misplaced"]]
