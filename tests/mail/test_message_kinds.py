"""Every kind of e-mail that the code queues has a builder."""

import ast
from pathlib import Path

from accounts.email.messages import MESSAGE_BUILDERS

ROOT = Path(__file__).resolve().parents[2]


def queued_kinds() -> set[str]:
    found = set()
    for app in ("accounts", "files", "pages", "operations", "aggios"):
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "enqueue_email":
                    kind = node.args[0]
                    assert isinstance(kind, ast.Constant), (
                        f"{path}: name the kind where it is queued"
                    )
                    found.add(kind.value)
    return found


def test_every_kind_has_a_builder_and_every_builder_a_kind():
    assert queued_kinds() == set(MESSAGE_BUILDERS)
