"""Requests to the running site as a client sends them: through Traefik, with a Host header.

Python does not resolve ``*.localhost``, so connections go to 127.0.0.1 and the host is a header.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

BASE_DOMAIN = "aggios.localhost"
PASSWORD = "correct horse battery staple"
# For clients of plain HTTP: httpx loads the certificates of all authorities for each new client,
# which takes 15 ms.
TLS_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Connections are not reused, so that requests do not depend on each other.
TRANSPORT = httpx.HTTPTransport(
    verify=TLS_CONTEXT, limits=httpx.Limits(max_keepalive_connections=0)
)


@dataclass
class Host:
    """One host of the site; with ``token``, requests are authenticated."""

    port: int
    name: str
    token: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Send one request on its own connection and return the complete response."""
        headers = {"Host": f"{self.name}:{self.port}", **self.headers}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        headers.update(kwargs.pop("headers", None) or {})
        url = f"http://127.0.0.1:{self.port}{path}"
        client = httpx.Client(transport=TRANSPORT, timeout=60, trust_env=False)
        return client.request(method, url, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("GET", path, **kwargs)

    def post(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("POST", path, json=json, **kwargs)

    def put(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("PUT", path, json=json, **kwargs)

    def patch(self, path: str, json: Any = None, **kwargs: Any) -> httpx.Response:
        return self.request("PATCH", path, json=json, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.request("DELETE", path, **kwargs)

    def with_token(self, token: str) -> "Host":
        """Return the same host with a credential."""
        return Host(self.port, self.name, token, dict(self.headers))


@dataclass(frozen=True)
class Site:
    """The site at its public port."""

    port: int

    def host(self, label: str = "") -> Host:
        """Return a host by its label: "" is the apex, "api", "admin", a tenant's slug."""
        return Host(self.port, f"{label}.{BASE_DOMAIN}" if label else BASE_DOMAIN)

    def fetch(self, url: str, method: str = "GET", **kwargs: Any) -> httpx.Response:
        """Request a URL that the site returned, such as a presigned one."""
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        host = Host(parts.port or self.port, parts.hostname or "")
        return host.request(method, path, **kwargs)

    def sign_up(self, slug: str, **fields: str) -> httpx.Response:
        """Sign up a tenant as a front end does."""
        body = {
            "company": slug.title(),
            "subdomain": slug,
            "email": f"owner@{slug}.test",
            "password": PASSWORD,
            "first_name": "Olga",
            "last_name": "Owner",
            **fields,
        }
        return self.host().post("/api/auth/register", body)
