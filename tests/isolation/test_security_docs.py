"""The tests that docs/security.md names for each shared resource exist."""

import ast
import re

from tests.support.process_state import ROOT

ROW = re.compile(r"^\| (?P<thing>[^|]+) \| (?P<how>[^|]+) \| (?P<tests>[^|]+) \|$", re.M)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[re.Match[str]]:
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    table = text.partition("## What separates tenants")[2].partition("\n## ")[0]
    return [row for row in ROW.finditer(table) if row["thing"] not in {"shared thing", "---"}]


def defined_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }


def test_security_page_rows_name_existing_tests():
    found = rows()
    assert len(found) >= 20
    for row in found:
        named = NAMED.findall(row["tests"])
        assert named, f"{row['thing']} names no test"
        for path, name in named:
            assert name in defined_in(path), f"{row['thing']}: {path} has no {name}"
