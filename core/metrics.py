"""Prometheus metrics. Labels are bounded: routes are patterns, and no label names a tenant."""

import os

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

from core.problems import NotFound

REQUESTS = Counter(
    "aggios_http_requests_total",
    "Requests served, by kind of host, method, route and status.",
    ["site", "method", "route", "status"],
)
SECONDS = Histogram(
    "aggios_http_request_seconds",
    "Time to the end of the view, in seconds.",
    ["site", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})


def observe_request(site: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one request. Unknown methods and unrouted paths share one label value each."""
    REQUESTS.labels(site, method if method in METHODS else "other", route, str(status)).inc()
    SECONDS.labels(site, route).observe(seconds)


def metrics(request: HttpRequest) -> HttpResponse:
    """Serve the metrics to a scraper inside the network.

    What a proxy forwards carries ``X-Forwarded-For``; such a request came from outside and sees
    a 404 like any unknown path. (The proxy refuses the path too.)
    """
    if "HTTP_X_FORWARDED_FOR" in request.META:
        raise NotFound
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
