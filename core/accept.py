"""What a client accepts (RFC 9110 section 12.5.1)."""

from contextlib import suppress

from django.http import HttpRequest
from django.http.request import MediaType

# Browsers send about five ranges. Parsing one takes a microsecond to some milliseconds.
MAX_RANGES = 32
MAX_RANGE_LENGTH = 128


def accepted_range(request: HttpRequest, media_type: str) -> MediaType | None:
    """Return the range of ``Accept`` that a media type falls under, or None.

    That is the most specific one, whatever its quality: ``text/html;q=0, */*`` accepts no HTML.
    """
    wanted = MediaType(media_type)
    matching = [found for found in _ranges(request) if wanted.match(found)]  # type: ignore[arg-type]
    return max(matching, key=lambda found: found.specificity, default=None)


def accept_quality(request: HttpRequest, media_type: str) -> float:
    """Return how much a client likes a media type, 0 to 1; 0 is not at all."""
    found = accepted_range(request, media_type)
    return found.quality if found else 0


def accepts_explicitly(request: HttpRequest, media_type: str) -> bool:
    """Tell whether a client asks for a media type itself, not just for anything."""
    found = accepted_range(request, media_type)
    return found is not None and found.quality > 0 and found.main_type != "*"


def _ranges(request: HttpRequest) -> list[MediaType]:
    parts = request.headers.get("Accept", "*/*").split(",", MAX_RANGES)[:MAX_RANGES]
    found = []
    for part in parts:
        if len(part) <= MAX_RANGE_LENGTH:
            with suppress(ValueError, LookupError):  # parameters that cannot be decoded
                found.append(MediaType(part))
    return found
