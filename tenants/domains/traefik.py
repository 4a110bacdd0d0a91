"""Dynamic configuration for Traefik: routers for each verified custom domain.

Traefik's HTTP provider polls it every few seconds. The middlewares and the service ``backend`` are
defined in traefik/dynamic/. As there, a domain has three routers: for requests with a short body,
for reads, and for all others.
"""

import hmac
import json
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from core.db_backend.scope import PUBLIC, use_scope
from core.http.responses import as_problem, problem_response
from tenants.domains.services import routed_domains
from tenants.routing import HOST_NAME_PATTERN, site_for_host

PROVIDER_PATH = "/internal/traefik"
TOKEN_HEADER = "HTTP_X_PROVIDER_TOKEN"  # noqa: S105 - the name, not the token
PRIORITY = 400  # below the platform's exact hosts (500), above tenants (100) and the catch-all (1)
# Traefik retries a failed certificate request only when the configuration changes. Without a
# periodic change, a domain that was verified before it pointed here would wait for the next change.
CERT_RETRY_SECONDS = 3600
# As in traefik/dynamic/backend.yml: POSTs with a response that must not be buffered.
STREAMED_RESPONSES = (
    "^((/api)?/files/archive|/me/export|/people/[^/]+/export|/admin/[a-z]+/[a-z]+/)$"
)
ROUTER_VARIANTS: tuple[tuple[str, str, list[str]], ...] = (
    ("", "", ["elsewhere", "in-flight-streams", "malformed-bodies", "retry"]),
    (
        "-short",
        (
            " && HeaderRegexp(`Content-Length`, `^[0-9]{1,4}$`)"
            f" && !PathRegexp(`{STREAMED_RESPONSES}`)"
        ),
        ["elsewhere", "whole-bodies", "retry"],
    ),
    (
        "-reads",
        " && (Method(`GET`) || Method(`HEAD`)) && !PathPrefix(`/s/`)",
        ["elsewhere", "retry-reads", "retry"],
    ),
)


class TraefikProviderMiddleware:
    """Serves the configuration to Traefik's HTTP provider inside the network.

    A request with ``X-Forwarded-For`` was forwarded by the proxy, so it came from outside. It is
    passed on to the host's routes, like a request without the token. (The proxy refuses the path
    too.)
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != PROVIDER_PATH or not _is_traefik(request):
            return self.get_response(request)
        try:
            return HttpResponse(configuration(), content_type="application/json")
        except DatabaseError as exc:  # Traefik then keeps its last configuration
            return problem_response(as_problem(exc))


def configuration() -> bytes:
    """Return the dynamic configuration as JSON, identical in every process."""
    with use_scope(PUBLIC):
        rows = tuple((key.hex, name) for key, name in routed_domains().values_list("id", "domain"))
    return _document(rows, int(time.time()) // CERT_RETRY_SECONDS, settings.DOMAIN_CERT_RESOLVER)


def is_routable(host: str) -> bool:
    """Return whether a stored name is safe in a rule and not one of the platform's hosts."""
    return bool(HOST_NAME_PATTERN.fullmatch(host)) and site_for_host(host).name == host


def _is_traefik(request: HttpRequest) -> bool:
    token = request.META.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    is_valid = hmac.compare_digest(token, settings.TRAEFIK_PROVIDER_TOKEN.encode())
    from_outside = "HTTP_X_FORWARDED_FOR" in request.META
    # A development stack has an empty token; production requires one.
    is_closed = settings.PRODUCTION and not settings.TRAEFIK_PROVIDER_TOKEN
    return is_valid and not is_closed and request.method == "GET" and not from_outside


@lru_cache(maxsize=1)
def _document(rows: tuple[tuple[str, str], ...], hour: int, resolver: str) -> bytes:
    routers: dict[str, Any] = {}
    for key, host in rows:
        if is_routable(host):
            routers |= _routers(f"domain-{key}", host, resolver)
    # No router uses it: its name changes every hour, and with it the configuration.
    marker = {f"asked-again-{hour}": {"chain": {"middlewares": ["elsewhere@file"]}}}
    return json.dumps({"http": {"routers": routers, "middlewares": marker}}).encode()


def _routers(key: str, host: str, resolver: str) -> dict[str, Any]:
    rule = f"Host(`{host}`)"
    routers: dict[str, Any] = {}
    for extra, (suffix, condition, middlewares) in enumerate(ROUTER_VARIANTS):
        # Only the first requests the certificate; by SNI it serves the others too.
        tls = {"certResolver": resolver} if resolver and not suffix else {}
        routers[f"{key}{suffix}"] = {
            "rule": rule + condition,
            "priority": PRIORITY + extra,
            "service": "backend@file",
            "middlewares": [f"{name}@file" for name in middlewares],
            "tls": tls,
        }
    return routers
