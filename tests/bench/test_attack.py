"""The attack of ``python -m bench attack``, shorter: it finds stock's fault and none of ours."""

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest

from bench.attack.cases import KINDS, STREAMING
from devstack.environment import inherited_environment
from devstack.home import CHECKOUT

# It starts a stack and five servers of its own, which a busy machine takes its time for.
pytestmark = pytest.mark.timeout(600)
# A run of stock ends at its first crossing; without one it would go on as long as ours.
ATTACK = ["--requests", "800", "--aim", "0.08", "--enough", "1", "--json"]


@pytest.fixture(scope="module")
def runs(servers: None) -> dict[str, list[dict[str, Any]]]:
    """What came of both sides, each with lasting and with pooled connections."""
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


def test_no_answer_of_ours_holds_a_foreign_row(runs):
    assert [run["requests"] for run in runs["ours"]] == [400, 400]
    for run in runs["ours"]:
        assert (run["crossings"], run["misplaced"], run["incomplete"]) == ([], [], [])


def test_ours_was_hit_where_it_hurts(runs):
    seen = total(runs["ours"], "seen")

    assert seen["switches_cancelled"] >= 15
    assert seen["switches_ended"] >= 2
    assert seen["others_cancelled"] + seen["others_ended"] >= 5


def test_every_kind_of_request_was_served_and_none_lied(runs):
    good = total(runs["ours"], "good")

    assert {kind for kind in (*KINDS, STREAMING) if not good[kind]} == {"unhandled_exception"}


def test_the_attack_finds_the_fault_of_stock(runs):
    """A cancelled SET search_path is swallowed there; an attack that misses that proves nothing."""
    assert [text for run in runs["stock"] for text in run["crossings"] + run["misplaced"]]
