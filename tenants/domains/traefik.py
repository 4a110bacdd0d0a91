"""What Traefik is told of custom domains: a router for each one that is proved, by itself.

Its HTTP provider asks every few seconds. The middlewares, and the service ``backend``, are those of
traefik/dynamic/; so is the division into requests of any kind, those with a short body, and reads.
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
from tenants.hosts import HOST_NAME_PATTERN, site_for_host

PROVIDER_PATH = "/internal/traefik"
TOKEN_HEADER = "HTTP_X_PROVIDER_TOKEN"  # noqa: S105 - the name, not the token
PRIORITY = 400  # below the exact hosts of ours (500), above tenants (100) and the catch-all (1)
# A certificate that could not be had is asked for again when the configuration changes, and only
# then: a domain that was proved before it pointed here would wait for the next one to be proved.
CERT_RETRY_SECONDS = 3600
ROUTER_VARIANTS: tuple[tuple[str, str, list[str]], ...] = (
    ("", "", ["elsewhere", "in-flight-streams", "malformed-bodies", "retry"]),
    (
        "-short",
        " && HeaderRegexp(`Content-Length`, `^[0-9]{1,4}$`)",
        ["elsewhere", "whole-bodies", "retry"],
    ),
    (
        "-reads",
        " && (Method(`GET`) || Method(`HEAD`)) && !PathPrefix(`/s/`)",
        ["elsewhere", "retry-reads", "retry"],
    ),
)


class TraefikProviderMiddleware:
    """Answers Traefik's HTTP provider inside the network.

    What a proxy forwards carries ``X-Forwarded-For``; such a request came from outside and goes on
    to the host's routes, as one without the token does. (The proxy refuses the path too.)
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info != PROVIDER_PATH or not _is_traefik(request):
            return self.get_response(request)
        try:
            return HttpResponse(configuration(), content_type="application/json")
        except DatabaseError as exc:  # Traefik then keeps what it has
            return problem_response(as_problem(exc))


def _is_traefik(request: HttpRequest) -> bool:
    told = request.META.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    is_known = hmac.compare_digest(told, settings.TRAEFIK_PROVIDER_TOKEN.encode())
    from_outside = "HTTP_X_FORWARDED_FOR" in request.META
    # An empty token is what a development stack has; production must be shown one.
    is_closed = settings.PRODUCTION and not settings.TRAEFIK_PROVIDER_TOKEN
    return is_known and not is_closed and request.method == "GET" and not from_outside


def configuration() -> bytes:
    """Return the dynamic configuration as JSON: the same text in every process at a time."""
    with use_scope(PUBLIC):
        rows = tuple((key.hex, name) for key, name in routed_domains().values_list("id", "domain"))
    return _document(rows, int(time.time()) // CERT_RETRY_SECONDS, settings.DOMAIN_CERT_RESOLVER)


@lru_cache(maxsize=1)
def _document(rows: tuple[tuple[str, str], ...], hour: int, resolver: str) -> bytes:
    routers: dict[str, Any] = {}
    for key, host in rows:
        if is_routable(host):
            routers |= _routers(f"domain-{key}", host, resolver)
    # Used by nobody: that it is another one each hour makes the configuration another one.
    marker = {f"asked-again-{hour}": {"chain": {"middlewares": ["elsewhere@file"]}}}
    return json.dumps({"http": {"routers": routers, "middlewares": marker}}).encode()


def is_routable(host: str) -> bool:
    """Tell whether a name can stand in a rule and is none of ours, however it came to be stored."""
    return bool(HOST_NAME_PATTERN.fullmatch(host)) and site_for_host(host).name == host


def _routers(key: str, host: str, resolver: str) -> dict[str, Any]:
    rule = f"Host(`{host}`)"
    made: dict[str, Any] = {}
    for extra, (suffix, condition, middlewares) in enumerate(ROUTER_VARIANTS):
        # Only the first asks for the certificate; by SNI it serves the others too.
        tls = {"certResolver": resolver} if resolver and not suffix else {}
        made[f"{key}{suffix}"] = {
            "rule": rule + condition,
            "priority": PRIORITY + extra,
            "service": "backend@file",
            "middlewares": [f"{name}@file" for name in middlewares],
            "tls": tls,
        }
    return made
