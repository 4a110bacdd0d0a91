"""The request that is being served: its id, caller and tenant, for logs, audit rows and errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from uuid6 import uuid7

API_VERSION = "v1"
# What proxies and tracing systems send: UUIDs, ULIDs, hex, a few separators.
REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._:-]{8,128}")


@dataclass(slots=True)
class RequestContext:
    """Facts of one request. ``tenant`` is a slug; ``user`` and ``api_key`` are ids.

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
    """When the session last proved its user's identity; None for every other caller."""

    route: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Response headers that inner layers set and the outermost middleware adds."""


_current: ContextVar[RequestContext | None] = ContextVar("aggios_request", default=None)


def request_context() -> RequestContext:
    """Return the context of the current request; an empty one outside of requests."""
    return _current.get() or RequestContext()


@contextmanager
def use_request_context(context: RequestContext) -> Iterator[RequestContext]:
    """Make ``context`` the current one inside the block."""
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def request_id_or_new(given: str) -> str:
    """Return the id that the client sent if it is well formed, otherwise a new one."""
    return given if REQUEST_ID_PATTERN.fullmatch(given) else str(uuid7())
