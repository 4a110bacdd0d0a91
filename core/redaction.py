"""What must not stand in a log: tokens, which open something for whoever reads the line.

A token stands in the query of an address or in a segment of its path. A path that no route serves
can hold one as well (``//s/…``, ``/S/…``), so nothing here depends on where a token belongs.
"""

import re

REDACTED = "[hidden]"
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")
# In a path: all that follows a segment ``s``, where links to files are, in any spelling; elsewhere
# what is long and neither an id nor plain words, escapes of a second encoding included.
_LINK = re.compile(r"(?is)(^|/)(s(?:[/\\;]|%\w\w)).+")
_SEGMENT = re.compile(r"[\w%.~=+-]{16,}")
_HARMLESS = re.compile(rf"{UUID}|[a-z]+(?:[-_.][a-z]+)*")
# In any text, such as a traceback, only what looks random: after a slash, and with a capital.
_RANDOM = re.compile(
    rf"(?<=/|\\)(?!{UUID}(?![\w-]))(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{{20,}}"
    rf"|(?i:(?<=%2f))(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{{20,}}"
)


def redact_path(path: str) -> str:
    """Return the path of a request as a log may hold it."""
    path = _LINK.sub(rf"\1\2{REDACTED}", path)
    return _SEGMENT.sub(lambda found: _shown(found[0]), path)


def redact(text: str) -> str:
    """Return a text without the queries of addresses, and without tokens in their paths."""
    if "?" in text:
        text = _QUERY.sub("?…", text)
    return _RANDOM.sub(REDACTED, text) if "/" in text or "%" in text or "\\" in text else text


def _shown(segment: str) -> str:
    return segment if _HARMLESS.fullmatch(segment) else REDACTED
