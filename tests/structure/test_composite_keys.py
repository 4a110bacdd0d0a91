"""Keys, signature inputs and hash inputs of several parts are composed in one module.

A text that joins parts by a separator is ambiguous if a client chooses a part. So modules that
hash, sign, derive keys, count limits or use the cache join no parts themselves, except in the
functions that are listed here with the reason why their parts are unambiguous.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
APPS = (
    *("accounts", "aggios", "audit", "core", "files", "idempotency", "operations", "pages"),
    *("staff", "tenants"),
)
# The rule applies to modules that import one of these.
SINKS = {
    "hashlib",
    "hmac",
    "cryptography.hazmat.primitives.kdf.hkdf",
    "core.rate_limits.limits",
    "core.rate_limits.windows",
    "django.core.cache",
    "django.core.signing",
    "django_redis",
}
ALSO = {
    "core/rate_limits/limits.py",
    "tenants/context.py",
    "accounts/encryption.py",
    "idempotency/services.py",
}
SEPARATORS = set("/:|.,;-_ @#&=\n\x1f\0")
# Function: why its parts are unambiguous.
UNAMBIGUOUS = {
    "core/text/composite_keys.py:_encoded": "the mechanism itself",
    "core/text/composite_keys.py:composite_key": "the mechanism itself",
    "core/crypto/one_time_codes.py:_grouped": "one random text, grouped for readers",
    "core/crypto/one_time_codes.py:otpauth_uri": "the Key URI Format prescribes the separator",
    "core/crypto/encryption.py:encrypt": "the version of a pepper, from the settings, and a Fernet token",  # noqa: E501
    "tenants/schemas/schema_state.py:migrations_digest": "names of apps and migrations from the code",  # noqa: E501
    "tenants/domains/traefik.py:_routers": "the id of a row and a suffix from the code",
    "tenants/context.py:tenant_cache_key": "only the last part comes from a caller",
    "tenants/routing.py:tenant_host": "a slug and a domain name; neither is hashed",
    "tenants/routing.py:site_url": "a scheme, a host and a port; a URL that is not hashed",
    "tenants/signing_keys.py:__str__": "an id of fixed length and a number",
    "tenants/signing_keys.py:_derive_key": "a purpose from the code, an id of fixed length and a number",  # noqa: E501
    "accounts/passwords/breaches.py:_fetch_range": "an address from the settings and hexadecimal",
    "accounts/passwords/hashers.py:encode": "the form of a password's hash",
    "accounts/encryption.py:key_info": "a purpose from the code and an id of fixed length",
    "accounts/sessions/tokens.py:_jti": "an id of fixed length and a number",
    "operations/archives/export.py:finish": "a digest and a signature, of fixed length",
    "operations/archives/object_list.py:object_key": "a prefix from the database, and a name that is checked",  # noqa: E501
    "operations/archives/loader.py:_temporary_schema": "a purpose from the code and the name of a schema",  # noqa: E501
}


def modules() -> Iterator[Path]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            # The isolation audit attacks; it composes no keys that the application trusts.
            if not {"migrations", "isolation"} & set(path.parts):
                yield path


def imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def joins(node: ast.AST) -> bool:
    """Tell whether variable parts are joined by one separator character, or by nothing."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        glue = node.func.value
        if node.func.attr != "join" or not isinstance(glue, ast.Constant):
            return False
        return glue.value in SEPARATORS or glue.value in {s.encode() for s in SEPARATORS}
    if not isinstance(node, ast.JoinedStr):
        return False
    variable = [i for i, part in enumerate(node.values) if isinstance(part, ast.FormattedValue)]
    between = [node.values[a + 1 : b] for a, b in pairwise(variable)]
    return any(all(c.value in SEPARATORS for c in glue) for glue in between)


def composed(path: Path) -> set[str]:
    """Return the functions of a module that join parts."""
    name = path.relative_to(ROOT).as_posix()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if name not in ALSO and not imported(tree) & SINKS and name != "core/text/composite_keys.py":
        return set()
    return {
        f"{name}:{function.name}"
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if joins(node)
    }


def test_parts_are_joined_only_by_composite_keys():
    found = set().union(*(composed(path) for path in modules()))

    assert found - set(UNAMBIGUOUS) == set()


def test_listed_exceptions_are_still_needed():
    found = set().union(*(composed(path) for path in modules()))

    assert set(UNAMBIGUOUS) - found == set()


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('f"{a}/{b}"', True),
        ('f"x {a}{b}"', True),
        ('"/".join(parts)', True),
        ('b"\\x1f".join(parts)', True),
        ('f"{a} is not {b}"', False),
        ('f"prefix:{a}"', False),
        ('f"{name}: {error}"', False),
    ],
)
def test_joined_parts_are_recognised(source: str, expected: bool):
    assert joins(ast.parse(source, mode="eval").body) == expected
