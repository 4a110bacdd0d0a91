"""Every variable that the settings read is named in .env.example, and nothing else is."""

import re
import subprocess
import sys
from pathlib import Path

from tests import stack

ROOT = Path(__file__).resolve().parents[2]
# Read by what stands around the settings: the gunicorn configuration and one command.
ELSEWHERE = {"DATABASE_SUPERUSER_URL", "WEB_BIND", "WEB_THREADS"}
LOADED = """
import aggios.settings, aggios.gunicorn
from core import env
print("\\n".join(sorted(env.READ)))
"""


def documented() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"([A-Z0-9_]+)=(.*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


def test_the_example_names_exactly_what_is_read():
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        env=documented(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert set(done.stdout.split()) | ELSEWHERE == set(documented())


def test_password_hashes_cost_what_owasp_recommends_by_default():
    told = {name: value for name, value in documented().items() if "ARGON2" not in name}
    shown = "from aggios.settings import *; print(ARGON2_MEMORY_COST, ARGON2_TIME_COST)"
    done = subprocess.run(
        [sys.executable, "-c", shown],
        env=told,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split() == ["19456", "2"]


def test_the_running_stack_sets_only_documented_names():
    assert set(stack.env) <= set(documented())
