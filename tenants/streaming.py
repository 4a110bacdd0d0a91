"""Answers that are still being made while the server sends them, when the middleware has returned.

What such an answer reads must be read in its tenant. Outside of it the audit record, which has a
table in ``public`` too, would answer with the platform's rows.
"""

from collections.abc import Iterable, Iterator
from typing import cast

from django.http import HttpResponseBase, StreamingHttpResponse

from tenants.context import tenant_context
from tenants.refs import TenantRef


def bind_stream(response: HttpResponseBase, tenant: TenantRef) -> None:
    """Have each part of a streaming response made inside ``tenant``; change no other response."""
    if isinstance(response, StreamingHttpResponse):
        parts = cast("Iterable[bytes]", response.streaming_content)  # nothing of ours is async
        response.streaming_content = _iterate_in_tenant(tenant, parts)


def _iterate_in_tenant(tenant: TenantRef, parts: Iterable[bytes]) -> Iterator[bytes]:
    """Enter the tenant for each part and leave it before handing that over.

    Between two parts the thread's code is the server's, which must not be in a tenant.
    """
    following = iter(parts)
    while True:
        with tenant_context(tenant):
            part = next(following, None)
        if part is None:
            return
        yield part
