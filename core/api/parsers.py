"""A strict JSON parser with a size limit, so that no body fills a worker's memory."""

import json
from collections.abc import Mapping
from typing import IO, Any, NoReturn

from django.conf import settings
from rest_framework.parsers import BaseParser

from core.problems import BodyTooLarge, MalformedBody


class StrictJSONParser(BaseParser):
    """JSON by RFC 8259: UTF-8, no NaN, unique names, at most 1 MiB."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the document. Raises MalformedBody or BodyTooLarge."""
        most = int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
        body = stream.read(most + 1)
        if len(body) > most:
            raise BodyTooLarge(f"Send at most {most} bytes of JSON.")
        try:
            return json.loads(
                body.decode("utf-8"),
                parse_constant=_reject_constant,
                object_pairs_hook=_reject_duplicate_names,
            )
        except (ValueError, RecursionError) as exc:
            raise MalformedBody(f"The body is not JSON: {_error_text(exc)}") from exc


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object. Raises ValueError for a duplicate name (RFC 8259 section 4)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in one object")
    return found


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _error_text(exc: Exception) -> str:
    return "nested too deeply" if isinstance(exc, RecursionError) else str(exc)[:200]
