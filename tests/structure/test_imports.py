"""Imports go one way, as docs/architecture.md draws them."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each package and those that it may import from, besides itself.
ALLOWED = {
    "core": set(),
    "audit": {"core"},
    "idempotency": {"core"},
    "tenants": {"core", "audit", "idempotency"},
    "staff": {"core", "audit", "idempotency", "tenants"},
    "accounts": {"core", "audit", "idempotency", "tenants"},
    "files": {"core", "audit", "idempotency", "tenants", "accounts"},
    "pages": {"core", "audit", "idempotency", "tenants", "accounts", "files"},
    "operations": {
        *("core", "audit", "idempotency", "tenants", "staff", "accounts", "files", "pages"),
    },
    "aggios": {
        *("core", "audit", "idempotency", "tenants", "staff", "accounts", "files", "pages"),
        "operations",
    },
    # The proxy's configuration, and the program that writes its errors.
    "traefik": set(),
    "devstack": {"traefik"},
}
PACKAGES = set(ALLOWED)
# The packages of ``core``, each with those that it may import from besides its own modules.
CORE_ALLOWED = {
    "db_backend": set(),
    "observability": {"request_context"},
    "text": {"problems"},
    "http": {"observability", "problems", "request_context", "text"},
    "rate_limits": {"problems", "request_context", "text"},
    "crypto": {"problems", "rate_limits", "text"},
    "images": set(),
    "api": {
        "crypto",
        "field_validators",
        "http",
        "problems",
        "rate_limits",
        "request_context",
        "text",
    },
}


def imports_of(path: Path) -> set[str]:
    """Return our packages that a module imports, at any depth of its code."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found & PACKAGES


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_package_imports_only_those_below_it(package: str):
    modules = sorted((ROOT / package).rglob("*.py"))
    backwards = {
        f"{path.relative_to(ROOT)} imports {other}"
        for path in modules
        for other in imports_of(path) - {package} - ALLOWED[package]
    }

    assert modules, f"{package} has no modules"
    assert backwards == set()


@pytest.mark.parametrize("package", sorted(CORE_ALLOWED))
def test_core_package_imports_only_those_below_it(package: str):
    imported = {
        node.module.split(".")[1]
        for path in (ROOT / "core" / package).glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("core.")
    }

    assert imported - {package} <= CORE_ALLOWED[package]


def test_every_core_package_has_a_rule():
    packages = {path.name for path in (ROOT / "core").iterdir() if (path / "__init__.py").is_file()}

    assert packages == set(CORE_ALLOWED)


def test_every_package_has_a_rule():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "bench"}

    assert packages == PACKAGES


def test_tenant_context_is_the_only_way_into_a_tenant():
    forbidden = {"schema_context", "set_schema", "set_schema_to_public", "set_tenant"}
    own = ROOT / "core" / "db_backend" / "base.py"
    users = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path == own:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                name = getattr(node, "attr", None) or getattr(node, "id", None)
                if name in forbidden:
                    users.add(f"{path.relative_to(ROOT)}: {name}")

    assert users == set()


def test_views_never_use_managers():
    users = set()
    for path in ROOT.glob("*/api/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr == "objects":
                users.add(str(path.relative_to(ROOT)))

    assert users == set()
