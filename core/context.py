"""What is known about the request that is being served, for logs, audit rows and error bodies."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class RequestContext:
    """Facts of one request. ``tenant`` is a slug, ``user`` an id; both empty until known."""

    request_id: str = ""
    client_address: str = ""
    user_agent: str = ""
    tenant: str = ""
    user: str = ""
    route: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers that inner layers want the edge to add."""


_current: ContextVar[RequestContext | None] = ContextVar("aggios_request", default=None)


def request_context() -> RequestContext:
    """Return the context of the current request; a blank one outside of requests."""
    return _current.get() or RequestContext()


@contextmanager
def serving(context: RequestContext) -> Iterator[RequestContext]:
    """Make ``context`` the current one for the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
