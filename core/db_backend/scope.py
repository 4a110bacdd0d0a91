"""Which schema and which database role the code that runs now may use.

A scope is a block, never a flag: entered with ``use_scope(scope)`` and left on the way out, always.
The value lives in a ``ContextVar``: threads and greenlets cannot see each other's scope, and a new
thread starts in the public scope, where no tenant's table is readable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """One place in the database: the search path, the role, and the tenant they stand for."""

    schema: str
    role: str
    tenant_id: str


PUBLIC = Scope(schema="public", role="none", tenant_id="")

_current: ContextVar[Scope] = ContextVar("aggios_scope", default=PUBLIC)


def current_scope() -> Scope:
    """Return the scope of the code that runs now; ``PUBLIC`` when nobody entered one."""
    return _current.get()


@contextmanager
def use_scope(scope: Scope) -> Iterator[Scope]:
    """Run the block in ``scope`` and come back to the former one, whatever happens inside."""
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)
