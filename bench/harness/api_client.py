"""Calls of Aggios' API over HTTP, and tenants that are created by them, as any client would."""

import http.client
import json
import secrets
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from bench.harness.load import LOOPBACK
from devstack.environment import BASE_DOMAIN

JSON = {"Content-Type": "application/json"}
UNLIMITED = "100000000/60"  # a rate limit that no benchmark reaches
TIMEOUT = 60.0


@dataclass(frozen=True)
class TenantUsers:
    """A tenant and its users, who all have the same password; ``token`` is the owner's."""

    port: int
    host: str
    emails: list[str]
    password: str
    token: str


def registration() -> dict[str, str]:
    """Return the body of the request that creates the tenant ``acme``."""
    return {
        "company": "Acme",
        "subdomain": "acme",
        "email": "ada@acme.test",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "password": secrets.token_urlsafe(18),
    }


def sign_up(port: int, body: dict[str, str]) -> str:
    """Create a tenant and return the access token of its owner."""
    return str(call(port, BASE_DOMAIN, "/api/auth/register", body)["access_token"])


def create_tenant_with_users(port: int, users: int) -> TenantUsers:
    """Create the tenant ``acme`` with so many users, the owner included."""
    host, password = f"acme.{BASE_DOMAIN}", secrets.token_urlsafe(18)
    emails = [f"user{number}@acme.test" for number in range(users)]
    owner = {"company": "Acme", "subdomain": "acme", "email": emails[0], "password": password}
    token = sign_up(port, owner)
    call(port, host, "/api/tenant", {"registration": "open"}, token, method="PATCH")
    for email in emails[1:]:
        call(port, host, "/api/auth/register", {"email": email, "password": password})
    return TenantUsers(port, host, emails, password, token)


def call(
    port: int, host: str, path: str, body: dict[str, Any], token: str = "", method: str = "POST"
) -> Any:
    """Send JSON on a new connection and return the JSON of the response.

    Raises:
        RuntimeError: The status is neither 200 nor 201.
    """
    with closing(http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT)) as connection:
        return call_on(connection, host, path, body, token, method)


def call_on(
    connection: http.client.HTTPConnection,
    host: str,
    path: str,
    body: dict[str, Any],
    token: str = "",
    method: str = "POST",
) -> Any:
    """Send JSON on an open connection and return the JSON of the response.

    Raises:
        RuntimeError: The status is neither 200 nor 201.
    """
    headers = {"Host": host, **JSON}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    if response.status not in (200, 201):
        raise RuntimeError(f"{method} {path}: {response.status} {text[:600]!r}")
    return json.loads(text)
