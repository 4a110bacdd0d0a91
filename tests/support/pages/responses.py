"""What tests compare of two responses with a page, and a client for pages in this process."""

from typing import Any

import httpx
from django.test import Client

from tests.support.accounts.in_process_client import random_address
from tests.support.browser import TOKEN, Browser
from tests.support.factories import Agency
from tests.support.http_client import BASE_DOMAIN

OF_EACH = frozenset({"date", "expires", "x-request-id", "set-cookie", "ratelimit"})


def comparable(answer: httpx.Response, *typed: str) -> tuple[int, str, dict[str, Any]]:
    """Return status, body and headers, without what differs by request and without typed texts."""
    text = TOKEN.sub("", answer.text)
    for part in typed:
        text = text.replace(part, "X")
    varying = set(OF_EACH)
    if "content-encoding" in answer.headers:
        # Texts that differ in each response are compressed to different lengths.
        varying.add("content-length")
    headers = {name: v for name, v in answer.headers.items() if name not in varying}
    return answer.status_code, text, headers


def page_client(agency: Agency, browser: Browser | None = None) -> Client:
    """Return a client in this process, for tests with other settings, at an unused address.

    It has the session of ``browser``. It sends no CSRF tokens and needs none.
    """
    headers = {
        "host": f"{agency.slug}.{BASE_DOMAIN}",
        "accept": "text/html",
        "x-forwarded-for": random_address(),
    }
    client = Client(headers=headers)
    if browser:
        client.cookies["aggios"] = browser.client.cookies["aggios"]
    return client
