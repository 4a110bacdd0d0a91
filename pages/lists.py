"""Lists of pages, with the keyset pagination of the API."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param

from core.api.pagination import KeysetPagination
from pages.members import NOTICE_PARAMETER


@dataclass(frozen=True, slots=True)
class ListPage:
    """The rows of one page of a list, and links to its neighbours; empty where there is none."""

    rows: list[Any]
    previous_url: str
    next_url: str


def paginate(
    request: HttpRequest,
    rows: QuerySet[Any],
    *,
    ordering: str = KeysetPagination.ordering,
    shown: Callable[[Any], Any] = lambda row: row,
) -> ListPage:
    """Return the page of ``rows`` that ``?cursor=`` and ``?limit=`` name; ``shown`` maps each row.

    Raises: ValidationFailed (limit), InvalidCursor.
    """
    pagination = KeysetPagination()
    pagination.ordering = ordering
    found = pagination.paginate_queryset(rows, Request(request)) or []
    links = pagination.get_paginated_response(None).data
    return ListPage(
        [shown(row) for row in found], _query_of(links["previous"]), _query_of(links["next"])
    )


def _query_of(url: str | None) -> str:
    """Return a link of the API as a query of the same path, without what is said only once."""
    return f"?{urlsplit(remove_query_param(url, NOTICE_PARAMETER)).query}" if url else ""
