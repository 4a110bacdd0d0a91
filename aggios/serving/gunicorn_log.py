"""gunicorn's own log: where a request breaks it, it names the whole address, query and all."""

import logging
from typing import Any

from gunicorn.glogging import Logger

from core.observability.logging import redact


class _RedactingFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return the line, and the traceback, without tokens."""
        return redact(super().format(record))


class RedactingLogger(Logger):  # type: ignore[misc]
    """As gunicorn's, without the tokens that stand in addresses."""

    def setup(self, cfg: Any) -> None:
        """Set the handlers up, then have them leave the tokens out."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(_RedactingFormatter(self.error_fmt, self.datefmt))
