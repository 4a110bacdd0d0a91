"""The source enters a tenant only with ``tenant_context``, and as a block."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.structure.test_imports import PACKAGES, ROOT

APP_PACKAGES = PACKAGES - {"devstack", "traefik"}
FORBIDDEN = {
    "schema_context",
    "set_schema",
    "set_schema_to_public",
    "set_tenant",
    "activate",
    "thread_sensitive",
    "get_tenant_model",
    "schema_exists",
    "TenantMainMiddleware",
}
BLOCKS = {"tenant_context", "use_scope", "resolved_tenant"}
# The backend defines these names to refuse them.
REFUSING = {"core/db_backend/base.py", "tenants/models.py"}


@cache
def trees() -> list[tuple[str, ast.AST]]:
    """Return each module of the apps with its path."""
    paths = [path for name in sorted(APP_PACKAGES) for path in sorted((ROOT / name).rglob("*.py"))]
    return [(str(p.relative_to(ROOT)), ast.parse(p.read_text(encoding="utf-8"))) for p in paths]


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield every name, attribute, keyword and imported name of a node itself."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
            yield name
        case ast.ImportFrom(names=aliases) | ast.Import(names=aliases):
            yield from (alias.name for alias in aliases)


def blocks(node: ast.AST) -> bool:
    """Tell whether a ``with`` statement enters a tenant or a scope."""
    return isinstance(node, ast.With) and any(
        isinstance(item.context_expr, ast.Call)
        and getattr(item.context_expr.func, "id", "") in BLOCKS
        for item in node.items
    )


def own_yields(block: ast.AST) -> bool:
    """Tell whether a block yields to its caller; functions defined inside it do not count."""
    for child in ast.iter_child_nodes(block):
        if isinstance(child, ast.FunctionDef | ast.Lambda | ast.GeneratorExp):
            continue
        if isinstance(child, ast.Yield | ast.YieldFrom) or own_yields(child):
            return True
    return False


def test_names_of_django_tenants_are_not_used():
    used = {
        f"{path}: {name}"
        for path, tree in trees()
        if path not in REFUSING
        for node in ast.walk(tree)
        for name in names_in(node)
        if name in FORBIDDEN
    }

    assert used == set()


def test_tenant_context_is_imported_from_tenants():
    foreign = {
        path
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and any(alias.name == "tenant_context" for alias in node.names)
        and node.module != "tenants.context"
    }

    assert foreign == set()


def test_tenant_is_not_used_as_a_context_manager():
    """django-tenants' ``with tenant:`` has a stack that all threads share."""
    bare = {
        f"{path}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.With)
        for item in node.items
        if isinstance(item.context_expr, ast.Name) and "tenant" in item.context_expr.id
    }

    assert bare == set()


def test_context_managers_are_entered_where_they_are_called():
    """A context manager that is called without ``with`` does nothing, or is never left."""
    entered, called = set(), set()
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.With):
                entered |= {(path, id(item.context_expr)) for item in node.items}
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in BLOCKS:
                called.add((path, id(node)))

    assert {path for path, _ in called - entered} == set()


def test_generators_do_not_yield_inside_a_scope():
    """The caller runs between two values, and would run in the generator's scope."""
    leaking = {
        f"{path}: {function.name}"
        for path, tree in trees()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        and not any(getattr(d, "id", "") == "contextmanager" for d in function.decorator_list)
        for node in ast.walk(function)
        if blocks(node) and own_yields(node)
    }

    assert leaking == set()
