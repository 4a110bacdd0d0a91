"""Workspaces for benchmarks: opened and peopled over HTTP, as anybody would."""

import http.client
import json
import secrets
from typing import Any

from bench.accounts.login_clients import JSON, Target
from bench.harness.servers import LOOPBACK
from devstack.environment import BASE_DOMAIN

NEVER = "100000000/60"
"""A rate limit that nothing reaches."""


def workspace(port: int, people: int) -> Target:
    """Open a workspace where so many people have the same password."""
    host, password = f"acme.{BASE_DOMAIN}", secrets.token_urlsafe(18)
    emails = [f"person{number}@acme.test" for number in range(people)]
    owner = {"company": "Acme", "subdomain": "acme", "email": emails[0], "password": password}
    token = post(port, BASE_DOMAIN, "/api/auth/register", owner)["access_token"]
    post(port, host, "/api/tenant", {"registration": "open"}, token, method="PATCH")
    for email in emails[1:]:
        post(port, host, "/api/auth/register", {"email": email, "password": password})
    return Target(port, host, emails, password, token)


def post(
    port: int, host: str, path: str, body: dict[str, str], token: str = "", method: str = "POST"
) -> Any:
    """Send JSON and return what came back. Raises RuntimeError."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=60)
    headers = {"Host": host, **JSON}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {text!r}")
    return json.loads(text)
