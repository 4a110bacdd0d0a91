"""docs/errors.md lists every problem with its status, and no other."""

import re
from importlib import import_module
from pathlib import Path

from core.problems import catalogue
from core.request_context import API_VERSION, REQUEST_ID_PATTERN
from traefik import problems as proxy

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_and_the_catalogue_agree():
    for path in sorted(ROOT.glob("*/problems.py")):
        import_module(f"{path.parent.name}.problems")
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| (\d{3}) \| `(\w+)` \|", text, flags=re.M))

    declared = {(str(problem.status), code) for code, problem in catalogue().items()}

    assert listed == declared


def test_the_proxy_speaks_like_the_application():
    for status, problem in proxy.PROBLEMS.items():
        ours = catalogue()[problem.code]
        assert status == problem.status
        assert (problem.status, problem.title) == (ours.status, ours.title)


def test_the_proxy_keeps_the_same_request_ids_and_version():
    assert proxy.WELL_FORMED_ID.pattern == REQUEST_ID_PATTERN.pattern
    assert proxy.API_VERSION == API_VERSION
