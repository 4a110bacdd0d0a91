"""Identifiers from clients. UUIDs are read without case and written in lower case (RFC 9562, 4)."""

import re
import uuid
from typing import Any

from django.urls import register_converter
from django.urls.converters import UUIDConverter
from rest_framework.request import Request

from core.api.fields import TextField

UUID_PATTERN = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)


class IdConverter(UUIDConverter):
    """``<id:…>`` in a route. Django's own ``<uuid:…>`` takes lower case only."""

    regex = UUID_PATTERN.pattern.replace("a-f", "a-fA-F")


register_converter(IdConverter, "id")


class IdentifierField(TextField):
    """An identifier in a query: a UUID in any case, or other text as it is."""

    def to_internal_value(self, data: Any) -> str:
        """Return the identifier as it is stored. Raises DRF's ValidationError."""
        return canonical_id(super().to_internal_value(data))


def canonical_id(text: str) -> str:
    """Return a UUID in lower case, any other text as it is."""
    return text.lower() if UUID_PATTERN.fullmatch(text) else text


def canonical_path(request: Request) -> str:
    """Return a request's path with the UUIDs that its route takes in lower case.

    Where a path stands for a resource, as with an Idempotency-Key, both spellings are the same.
    """
    match = request.resolver_match
    taken = match.kwargs.values() if match else ()
    ids = {str(value) for value in taken if isinstance(value, uuid.UUID)}
    parts = request.path.split("/")
    return "/".join(part.lower() if part.lower() in ids else part for part in parts)
