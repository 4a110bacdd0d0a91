"""Asking this process's own site from any address, as the proxy would hand it on."""

import json
import secrets
from typing import Any

from django.test import Client

from tests.support.http_client import BASE_DOMAIN


def random_address() -> str:
    """Return an address that nobody else asks from: a network of its own."""
    groups = ":".join(secrets.token_hex(2) for _ in range(3))
    return f"2001:{groups}::1"


def post_from_address(slug: str, path: str, body: dict[str, Any], *, address: str, **headers: str):
    """Post to a workspace from an address."""
    sent = {"host": f"{slug}.{BASE_DOMAIN}", "x-forwarded-for": address, **headers}
    text = json.dumps(body)
    return Client().post(path, text, content_type="application/json", headers=sent)
