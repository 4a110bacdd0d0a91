"""Finds what a process keeps between requests: caches, module-level collections, ContextVars."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    *("core", "audit", "idempotency", "tenants", "staff", "accounts", "files", "pages"),
    *("operations", "aggios"),
)
CACHES = {"cache", "lru_cache", "cached_property"}
# What makes something that can be filled later, or that knows who asks.
STATE_FACTORIES = {
    *("dict", "list", "set", "defaultdict", "OrderedDict", "deque", "Counter", "ContextVar"),
    *("WeakKeyDictionary", "WeakValueDictionary", "local", "Lock", "RLock", "Semaphore"),
    *("BoundedSemaphore", "ThreadPoolExecutor", "SimpleLazyObject"),
}


def process_state() -> set[str]:
    """Return ``module.name`` of everything of the kind in our code."""
    found = set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts:
                module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
                tree = ast.parse(path.read_text(encoding="utf-8"))
                found |= {f"{module}.{name}" for name in _names(tree)}
    return found


def _names(tree: ast.Module) -> Iterator[str]:
    classes = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and any(map(_is_cache, node.decorator_list)):
            yield node.name
        elif isinstance(node, ast.Global):
            yield from node.names
    for node in tree.body:
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_filled_later(value, classes):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _is_cache(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _name(called) in CACHES


def _is_filled_later(value: ast.expr | None, classes: set[str]) -> bool:
    if isinstance(value, ast.Dict):
        return not value.keys
    if isinstance(value, ast.List | ast.Set):
        return not value.elts
    return isinstance(value, ast.Call) and _name(value.func) in STATE_FACTORIES | classes


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
