"""Structured logs: one JSON object a line on standard error, with request id, tenant and user."""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, WrappedLogger

from core.redaction import redact
from core.request_context import request_context

SECRET_KEYS = frozenset(
    {"password", "current_password", "token", "access_token", "refresh_token", "authorization"}
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
