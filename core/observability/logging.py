"""Structured logs: one JSON object per line on standard error, without secrets.

Every line has the request id, tenant and user. A log must hold no token, because a token gives
access to its reader. Tokens occur in the query of a URL and in segments of its path. A path that no
route matches can hold one as well (``//s/…``, ``/S/…``), so redaction does not depend on routes.
"""

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from core.request_context import request_context

SECRET_KEYS = frozenset(
    {"password", "current_password", "token", "access_token", "refresh_token", "authorization"}
)
REDACTED = "[hidden]"
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_QUERY = re.compile(r"\?[^\s\"'<>?]*=[^\s\"'<>]*")
# In a path: all that follows a segment ``s`` (links to files) in any spelling; elsewhere segments
# that are long and neither ids nor plain words, doubly escaped ones included.
_LINK = re.compile(r"(?is)(^|/)(s(?:[/\\;]|%\w\w)).+")
_SEGMENT = re.compile(r"[\w%.~=+-]{16,}")
_HARMLESS = re.compile(rf"{UUID}|[a-z]+(?:[-_.][a-z]+)*")
# In any text, such as a traceback, only what looks random: after a slash, and with a capital.
_RANDOM = re.compile(
    rf"(?<=/|\\)(?!{UUID}(?![\w-]))(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{{20,}}"
    rf"|(?i:(?<=%2f))(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{{20,}}"
)


def logging_config(level: str, style: str) -> dict[str, Any]:
    """Return a ``LOGGING`` dictionary; ``style`` is ``json`` or ``console``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_request": {"()": _DropRequestFilter}},
        "formatters": {"structured": _formatter(style)},
        "handlers": {
            # Standard output is for the result of a command (--json).
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "structured",
                "filters": ["without_request"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would write plain text as well.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # The access log has every 4xx with more details.
            "django.request": {"level": "CRITICAL"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "s3transfer": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


def add_request_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add request id, tenant and user to each line that is written during a request."""
    context = request_context()
    if context.request_id:
        event.setdefault("request_id", context.request_id)
        event.setdefault("tenant", context.tenant or None)
        event.setdefault("user", context.user or None)
    return event


def redact_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace values whose key names a secret."""
    for key in SECRET_KEYS.intersection(event):
        event[key] = REDACTED
    return event


def redact_tokens(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Remove tokens from URLs in all values, tracebacks included."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


def redact_path(path: str) -> str:
    """Return a request's path with tokens replaced."""
    path = _LINK.sub(rf"\1\2{REDACTED}", path)
    return _SEGMENT.sub(lambda found: _redact_segment(found[0]), path)


def redact(text: str) -> str:
    """Return a text with the queries of URLs and the tokens in their paths removed."""
    if "?" in text:
        text = _QUERY.sub("?…", text)
    return _RANDOM.sub(REDACTED, text) if "/" in text or "%" in text or "\\" in text else text


class _DropRequestFilter(logging.Filter):
    """Removes the request object that Django attaches to its records; it cannot be logged."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.__dict__.pop("request", None)
        return True


def _formatter(style: str) -> dict[str, Any]:
    last: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "console":
        last += [redact_tokens, structlog.dev.ConsoleRenderer()]
    else:
        shown = [structlog.processors.format_exc_info, redact_tokens]
        last += [*shown, structlog.processors.JSONRenderer()]
    before = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request_context,
        redact_secrets,
    ]
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": before,
        "processors": last,
    }


def _redact_segment(segment: str) -> str:
    return segment if _HARMLESS.fullmatch(segment) else REDACTED
