"""Prometheus metrics. Labels are bounded: routes are patterns, and no label is a tenant."""

import os
from collections.abc import Callable
from pathlib import Path

from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from core.observability.metric_files import locked_for_reading

REQUEST_COUNT = Counter(
    "aggios_http_requests_total",
    "Requests served, by kind of host, method, route and status.",
    ["site", "method", "route", "status"],
)
REQUEST_SECONDS = Histogram(
    "aggios_http_request_seconds",
    "Time to the end of the view, in seconds.",
    ["site", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


def observe_request(site: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. Unknown methods share one label value, and so do unknown paths."""
    REQUEST_COUNT.labels(site, method if method in METHODS else "other", route, str(status)).inc()
    REQUEST_SECONDS.labels(site, route).observe(seconds)


class MetricsMiddleware:
    """Serves ``/metrics`` to a scraper inside the network, for any host name.

    A request with ``X-Forwarded-For`` came through the proxy and so from outside. It goes on to the
    host's routes, where the path is unknown. (The proxy refuses the path too.)
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/metrics" and "HTTP_X_FORWARDED_FOR" not in request.META:
            return _exposition()
        return self.get_response(request)


def _exposition() -> HttpResponse:
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    text = _multiprocess_text(Path(folder)) if folder else generate_latest(REGISTRY)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _multiprocess_text(folder: Path) -> bytes:
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    with locked_for_reading(folder):
        return generate_latest(registry)
