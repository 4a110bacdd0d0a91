"""Ids from clients: UUIDs are read in any case and stored in lower case (RFC 9562 section 4)."""

import uuid
from typing import Any

from rest_framework.request import Request

from core.api.path_converters import UUID_PATTERN
from core.api.serializers import TextField


class IdentifierField(TextField):
    """An id in a query: a UUID in any case, or another text unchanged."""

    def to_internal_value(self, data: Any) -> str:
        """Return the id as it is stored. Raises: DRF's ValidationError."""
        return canonical_id(super().to_internal_value(data))


def canonical_id(text: str) -> str:
    """Return a UUID in lower case, any other text unchanged."""
    return text.lower() if UUID_PATTERN.fullmatch(text) else text


def canonical_path(request: Request) -> str:
    """Return a request's path with the UUIDs of its route in lower case.

    An Idempotency-Key is bound to a path, and both spellings are the same resource.
    """
    match = request.resolver_match
    taken = match.kwargs.values() if match else ()
    ids = {str(value) for value in taken if isinstance(value, uuid.UUID)}
    parts = request.path.split("/")
    return "/".join(part.lower() if part.lower() in ids else part for part in parts)
