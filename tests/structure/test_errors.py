"""docs/errors.md lists every problem with its status, and no other."""

import re
from importlib import import_module
from pathlib import Path

from core.problems import catalogue

ROOT = Path(__file__).resolve().parents[2]
# Answered by the proxy when no process of ours can.
BY_THE_PROXY = {("503", "service_unavailable")}


def test_the_page_and_the_catalogue_agree():
    for path in sorted(ROOT.glob("*/problems.py")):
        import_module(f"{path.parent.name}.problems")
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text, flags=re.M))

    declared = {(str(problem.status), code) for code, problem in catalogue().items()}

    assert listed == declared | BY_THE_PROXY
