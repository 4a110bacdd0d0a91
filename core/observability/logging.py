"""Structured logs: one JSON object a line on standard error, with request id, tenant and user."""

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


def add_request_context(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Add who and where to every line that is written while a request is served."""
    context = request_context()
    if context.request_id:
        event.setdefault("request_id", context.request_id)
        event.setdefault("tenant", context.tenant or None)
        event.setdefault("user", context.user or None)
    return event


def redact_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Blank values whose key names a secret, should anybody ever log one."""
    for key in SECRET_KEYS.intersection(event):
        event[key] = "[hidden]"
    return event


def redact_tokens(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take the tokens out of addresses, also of those that an exception's text names."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = redact(value)
    return event


class _DropRequestFilter(logging.Filter):
    """Drops the request object that Django attaches to its records; it is no data."""

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


def logging_config(level: str, style: str) -> dict[str, Any]:
    """Return a ``LOGGING`` dictionary; ``style`` is ``json`` or ``console``."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"without_request": {"()": _DropRequestFilter}},
        "formatters": {"structured": _formatter(style)},
        "handlers": {
            # Not standard output, which is what a command was asked for (--json).
            "stderr": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stderr",
                "formatter": "structured",
                "filters": ["without_request"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would write plain text beside ours.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # Its line for every 4xx says less than ours.
            "django.request": {"level": "CRITICAL"},
            "botocore": {"level": "WARNING"},
            "boto3": {"level": "WARNING"},
            "s3transfer": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


# What must not stand in a log: tokens, which open something for whoever reads the line.
#
# A token stands in the query of an address or in a segment of its path. A path that no route
# serves can hold one as well (``//s/…``, ``/S/…``), so nothing here depends on where a token
# belongs.


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
