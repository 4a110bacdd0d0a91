"""Lists by keyset: a page costs the same wherever it is, and rows that come or go shift nothing."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination, _positive_int
from rest_framework.request import Request

from core.problems import FieldError, InvalidCursor, ValidationFailed

MOST = 200


class KeysetPagination(CursorPagination):
    """``?limit=`` 1 to 200 (50 without), ``?cursor=`` from ``next`` and ``previous``."""

    page_size = 50
    max_page_size = MOST
    page_size_query_param = "limit"
    ordering = "-created_at"

    def get_page_size(self, request: Request) -> int:
        """Return the page size asked for. Raises ValidationFailed outside of 1 to 200."""
        asked = request.query_params.get("limit")
        if asked is None:
            return int(self.page_size or MOST)
        try:
            size = _positive_int(asked, strict=True)
        except ValueError:
            size = 0
        if not 1 <= size <= MOST:
            fault = FieldError("limit", "out_of_range", f"Give a number from 1 to {MOST}.")
            raise ValidationFailed(errors=[fault])
        return size

    def decode_cursor(self, request: Request) -> Any:
        """Return the position that the cursor names. Raises InvalidCursor if it is none of ours."""
        try:
            return super().decode_cursor(request)
        except NotFound as exc:
            raise InvalidCursor from exc
