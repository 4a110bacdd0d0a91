"""The scope of the running code: its schema, its database role and its tenant.

A scope is entered as a block, ``with use_scope(scope)``, and always left with it. It lives in a
``ContextVar``, so threads and greenlets do not share it. A new thread starts in the public scope,
where no tenant's table can be read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scope:
    """Search path, role and tenant id of a database connection."""

    schema: str
    role: str
    tenant_id: str


PUBLIC = Scope(schema="public", role="none", tenant_id="")

_current: ContextVar[Scope] = ContextVar("aggios_scope", default=PUBLIC)


def current_scope() -> Scope:
    """Return the scope of the running code; ``PUBLIC`` if none was entered."""
    return _current.get()


@contextmanager
def use_scope(scope: Scope) -> Iterator[Scope]:
    """Run the block in ``scope`` and restore the previous scope afterwards."""
    token = _current.set(scope)
    try:
        yield scope
    finally:
        _current.reset(token)
