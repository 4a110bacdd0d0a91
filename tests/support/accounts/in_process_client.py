"""Requests to the site in this process from any client address, as the proxy sends them."""

import json
import secrets
from typing import Any

from django.test import Client

from tests.support.http_client import BASE_DOMAIN


def random_address() -> str:
    """Return an unused client address in a network of its own."""
    groups = ":".join(secrets.token_hex(2) for _ in range(3))
    return f"2001:{groups}::1"


def post_from_address(slug: str, path: str, body: dict[str, Any], *, address: str, **headers: str):
    """Send a POST request to a tenant from an address."""
    sent = {"host": f"{slug}.{BASE_DOMAIN}", "x-forwarded-for": address, **headers}
    text = json.dumps(body)
    return Client().post(path, text, content_type="application/json", headers=sent)
