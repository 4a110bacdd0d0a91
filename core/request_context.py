"""What is known about the request that is being served, for logs, audit rows and error bodies."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(slots=True)
class RequestContext:
    """Facts of one request. ``tenant`` is a slug, ``user`` and ``api_key`` are ids.

    Each is empty until it is known. ``accept_language`` is the header field of that name.
    """

    request_id: str = ""
    client_address: str = ""
    user_agent: str = ""
    accept_language: str = ""
    tenant: str = ""
    user: str = ""
    api_key: str = ""
    proved_at: datetime | None = None
    """When the session that asks last proved who its person is; None for every other caller."""

    route: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers that inner layers want the edge to add."""


_current: ContextVar[RequestContext | None] = ContextVar("aggios_request", default=None)


def request_context() -> RequestContext:
    """Return the context of the current request; a blank one outside of requests."""
    return _current.get() or RequestContext()


@contextmanager
def use_request_context(context: RequestContext) -> Iterator[RequestContext]:
    """Make ``context`` the current one for the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)
