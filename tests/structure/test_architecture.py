"""Links to code in docs/architecture.md, and paths in all pages, lead to what they name."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for path in ROOT.glob("docs/**/*.md")),
]
NAMED = re.compile(r"\[`(\w+)`\]\(\.\./([\w/]+\.py)\)")
# A path of ours in a page: `core/http/middleware.py`, `tests/structure/`.
PATH = re.compile(
    r"(?<![\w./{-])((?:accounts|aggios|audit|bench|core|devstack|docs|files|idempotency|operations|pages|scripts"
    r"|staff|templates|tenants|tests|traefik)/(?:[\w.-]+/)*[\w-]+\.(?:py|sh|md|yml|sql|html|toml))\b"
)
# Operators copy it from the example beside it.
CREATED = {"traefik/dynamic/frontends.yml"}
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]+)[^)]*\)")
FLOWS = 3
STEPS = 10


def architecture() -> str:
    return (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")


def defined_in(path: Path) -> set[str]:
    """Return the names that a module defines at its top level."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def test_tour_links_lead_to_what_they_name():
    links = NAMED.findall(architecture())
    broken = [
        f"{path}: {name}"
        for name, path in links
        if not (ROOT / path).is_file() or name not in defined_in(ROOT / path)
    ]

    assert len(links) > FLOWS * STEPS - 5
    assert broken == []


def test_tour_has_ten_steps_for_each_flow():
    tour = architecture().partition("## Guided tour")[2].partition("\n## ")[0]
    flows = tour.split("\n### ")[1:]

    assert [len(re.findall(r"^\d+\. ", flow, re.M)) for flow in flows] == [STEPS] * FLOWS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_paths_in_a_page_exist(page: Path):
    text = page.read_text(encoding="utf-8")
    named = set(PATH.findall(text)) - CREATED
    missing = {path for path in named if not (ROOT / path).exists()}
    missing |= {link for link in LINK.findall(text) if not (page.parent / link).exists()}

    assert missing == set()
