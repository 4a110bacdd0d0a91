"""Logs of the site's processes."""

import json
import time
from typing import Any

from devstack.testing import TestStack


def log_text(stores: TestStack, name: str = "gunicorn") -> str:
    """Return the output of a service."""
    return (stores.home.logs / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def log_lines_with(
    stores: TestStack, request_id: str, name: str = "gunicorn"
) -> list[dict[str, Any]]:
    """Return the JSON lines with a request id; Traefik writes its line a moment later."""
    deadline = time.monotonic() + 30
    while True:
        lines = [line for line in log_text(stores, name).splitlines() if request_id in line]
        if lines:
            return [json.loads(line) for line in lines]
        if time.monotonic() > deadline:
            return []
        time.sleep(0.1)
