"""Keyset pagination: every page has the same cost, and new or deleted rows do not shift pages.

A cursor holds the ordering value and the id of the last row of a page. The id separates rows with
equal values. (DRF's CursorPagination counts equal values with an offset and repeats pages beyond a
thousand of them.)
"""

import base64
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, IntegerField, Model, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from core.problems import FieldError, InvalidCursor, ValidationFailed
from core.text.parsing import parse_integer, parse_timestamp
from core.text.translation import translatable

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_CURSOR_LENGTH = 3000


@dataclass(frozen=True, slots=True)
class _Cursor:
    """A position in a list: after (or before) the row with this value and id."""

    ordering: str
    backwards: bool
    value: Any
    id: Any


class KeysetPagination(BasePagination):
    """``?limit=`` (1 to 200, default 50) and ``?cursor=`` (from ``next`` and ``previous``).

    ``ordering`` is a column that is never NULL; a ``-`` in front means descending. The id breaks
    ties in the same direction.
    """

    ordering = "-created_at"

    def paginate_queryset(  # type: ignore[override]
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return the requested page. Raises: ValidationFailed (limit) and InvalidCursor."""
        self._request, self._limit, self._rows = request, _limit(request), queryset
        self._cursor = self._read_cursor(queryset.model)
        backwards = self._cursor is not None and self._cursor.backwards
        rows = list(self._after(queryset, backwards)[: self._limit + 1])
        more, page = len(rows) > self._limit, rows[: self._limit]
        self._has_next = backwards or more
        self._has_previous = more if backwards else self._cursor is not None
        self._page = page[::-1] if backwards else page
        return self._page

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the URLs of the next and the previous page."""
        return Response({"results": data, "next": self._next(), "previous": self._previous()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the schema of a page for OpenAPI."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {
                "results": {**schema, "description": "The rows."},
                "next": link,
                "previous": link,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Return the query parameters for OpenAPI."""
        limit = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit},
            {
                "name": "cursor",
                "in": "query",
                "required": False,
                "description": "From `next` and `previous`.",
                "schema": {"type": "string", "maxLength": MAX_CURSOR_LENGTH},
            },
        ]

    # -- the rows ---------------------------------------------------------------------------------
    @property
    def _column(self) -> str:
        return self.ordering.removeprefix("-")

    def _after(self, queryset: QuerySet[Any], backwards: bool) -> QuerySet[Any]:
        ordered = self._ordered(queryset, backwards=backwards)
        if self._cursor is None:
            return ordered
        # A row comparison, for which PostgreSQL uses an index on (column, id).
        beyond = TupleLessThan if self._descends(backwards) else TupleGreaterThan
        here = Tuple(F(self._column), F("pk"))
        return ordered.filter(beyond(here, (self._cursor.value, self._cursor.id)))

    def _ordered(self, queryset: QuerySet[Any], *, backwards: bool) -> QuerySet[Any]:
        sign = "-" if self._descends(backwards) else ""
        return queryset.order_by(f"{sign}{self._column}", f"{sign}pk")

    def _descends(self, backwards: bool) -> bool:
        return self.ordering.startswith("-") != backwards

    # -- cursors ----------------------------------------------------------------------------------
    def _read_cursor(self, model: type[Model]) -> _Cursor | None:
        text = self._request.query_params.get("cursor")
        if not text:
            return None
        with decode_cursor(text) as (ordering, backwards, value, pk):
            column, key = model._meta.get_field(self._column), model._meta.pk
            seen = read_column_value(column, value)
            cursor = _Cursor(ordering, backwards, seen, key.to_python(pk))
        if cursor.ordering != self.ordering or None in (cursor.value, cursor.id):
            raise InvalidCursor("The cursor belongs to a list in another order.")
        return cursor

    def _next(self) -> str | None:
        if not self._has_next:
            return None
        return self._link(self._page[-1], backwards=False) if self._page else self._beginning()

    def _previous(self) -> str | None:
        if not self._has_previous:
            return None
        return self._link(self._page[0], backwards=True) if self._page else self._last_page()

    def _last_page(self) -> str:
        """Return the URL of the last existing rows, for a page that has become empty."""
        rows = self._ordered(self._rows, backwards=True)
        before = rows[self._limit : self._limit + 1].first()
        return self._link(before, backwards=False) if before else self._beginning()

    def _beginning(self) -> str:
        return str(remove_query_param(_request_url(self._request), "cursor"))

    def _link(self, row: Any, *, backwards: bool) -> str:
        cursor = encode_cursor([self.ordering, backwards, getattr(row, self._column), row.pk])
        return str(replace_query_param(_request_url(self._request), "cursor", cursor))


def encode_cursor(parts: Sequence[Any]) -> str:
    """Return the four parts of a cursor as text for clients."""
    # Without ASCII escapes, so that a name in another alphabet does not exceed a request line.
    text = json.dumps(parts, default=str, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@contextmanager
def decode_cursor(text: str) -> Iterator[Sequence[Any]]:
    """Provide the parts of a cursor from a client; the block converts them.

    Raises: InvalidCursor (also for errors of the block).
    """
    try:
        yield _decoded(text)
    except (ArithmeticError, RecursionError, TypeError, ValueError, ValidationError) as exc:
        raise InvalidCursor from exc


def read_column_value(column: Any, value: Any) -> Any:
    """Return a cursor's value in the column's type. Raises: ValueError and ValidationError.

    Clients can forge cursors, so the value is parsed strictly.
    """
    if isinstance(column, DateTimeField):
        return parse_timestamp(str(value).replace(" ", "T", 1))
    if isinstance(column, IntegerField):
        return parse_integer(str(value))
    return column.to_python(value)


def _limit(request: Request) -> int:
    requested = request.query_params.get("limit", str(DEFAULT_LIMIT))
    try:
        limit = parse_integer(requested)
    except ValueError:
        limit = 0
    if not 1 <= limit <= MAX_LIMIT:
        rule = translatable("Give a number from 1 to %(most)s.", most=MAX_LIMIT)
        raise ValidationFailed(errors=[FieldError("limit", "out_of_range", rule)])
    return limit


def _decoded(text: str) -> Sequence[Any]:
    if len(text) > MAX_CURSOR_LENGTH or "\0" in text:
        raise ValueError("This is too long for a cursor.")
    parts = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_"))
    if not isinstance(parts, list) or len(parts) != 4:
        raise ValueError("This is no cursor.")
    # PostgreSQL stores neither NUL nor lone surrogates.
    if b"\\u0000" in json.dumps(parts, ensure_ascii=False).encode():
        raise ValueError("This is no cursor.")
    return parts


def _request_url(request: Request) -> str:
    # Not build_absolute_uri(), which checks ALLOWED_HOSTS: the tenant routing has already
    # accepted this host, custom domains included.
    inner = request._request
    return f"{inner.scheme}://{inner.META['HTTP_HOST']}{inner.get_full_path()}"
