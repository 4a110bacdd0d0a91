"""What every answer carries: the id of its request, and the version of the API."""

import re

from uuid6 import uuid7

API_VERSION = "v1"
# What proxies and tracing systems send: UUIDs, ULIDs, hex, a few separators.
REQUEST_ID_PATTERN = re.compile(r"[A-Za-z0-9._:-]{8,128}")


def request_id_or_new(given: str) -> str:
    """Return the id that a request came with, or a new one unless that is well formed."""
    return given if REQUEST_ID_PATTERN.fullmatch(given) else str(uuid7())
