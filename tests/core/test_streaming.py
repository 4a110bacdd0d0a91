"""A streaming response runs in its tenant, and nothing else does."""

from collections.abc import Iterator

import pytest
from django.http import HttpRequest, StreamingHttpResponse
from django.test import RequestFactory

from accounts.models import User
from core.db_backend.scope import PUBLIC, current_scope
from tenants.context import TenantRef, current_tenant_or_none
from tenants.middleware import TenantMiddleware


def _emails() -> Iterator[str]:
    yield from (f"{user.email}\n" for user in User.objects.iterator(chunk_size=1))
    yield from User.objects.values_list("email", flat=True)


def _broken() -> Iterator[str]:
    yield "a part"
    raise RuntimeError("the source is gone")


def answer_of(tenant: TenantRef, parts: Iterator[str]) -> StreamingHttpResponse:
    def view(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts)

    host = f"{tenant.slug}.aggios.localhost"
    return TenantMiddleware(view)(RequestFactory().get("/", headers={"host": host}))


def test_streamed_rows_are_read_in_the_tenant(one: TenantRef, two: TenantRef):
    for tenant, person in ((one, "only@one.test"), (two, "only@two.test")):
        body = b"".join(answer_of(tenant, _emails()).streaming_content)

        assert body.decode() == f"{person}\n{person}"


def test_alternating_streams_keep_their_tenants(one: TenantRef, two: TenantRef):
    """A thread can send parts of two responses in turns."""
    first = iter(answer_of(one, _emails()).streaming_content)
    second = iter(answer_of(two, _emails()).streaming_content)

    assert next(first) == b"only@one.test\n"
    assert next(second) == b"only@two.test\n"
    assert next(first) == b"only@one.test"
    assert next(second) == b"only@two.test"


def test_no_tenant_is_active_between_parts(one: TenantRef):
    parts = iter(answer_of(one, _emails()).streaming_content)
    next(parts)

    assert (current_scope(), current_tenant_or_none()) == (PUBLIC, None)
    list(parts)


def test_no_tenant_is_active_after_broken_source(one: TenantRef):
    parts = iter(answer_of(one, _broken()).streaming_content)
    next(parts)
    with pytest.raises(RuntimeError, match="gone"):
        next(parts)

    assert (current_scope(), current_tenant_or_none()) == (PUBLIC, None)


def test_closing_response_closes_its_source(one: TenantRef):
    closed = []

    def source() -> Iterator[str]:
        try:
            yield from ("a", "b")
        finally:
            closed.append(True)

    answer = answer_of(one, source())
    next(iter(answer.streaming_content))
    answer.close()

    assert closed == [True]
