"""Health endpoints for load balancers and operators.

``live`` checks nothing; ``ready`` checks the database, which every request needs. The full answer
adds cache and storage: without them it is ``degraded``, and most requests still work.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_redis import get_redis_connection
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import AllowAny
from core.api.views import ApiView, require_safe
from core.db_backend.scope import PUBLIC, use_scope
from files.storage.client import ping


def _database() -> None:
    with use_scope(PUBLIC), connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _cache() -> None:
    get_redis_connection("default").ping()


CHECKS: dict[str, Callable[[], None]] = {"database": _database, "cache": _cache, "storage": ping}


def _check(name: str) -> dict[str, Any]:
    started = time.perf_counter()
    try:
        CHECKS[name]()
        status = "ok"
    except Exception:  # noqa: BLE001 - whatever it was, the part does not work
        status = "down"
    return {"status": status, "latency_ms": round((time.perf_counter() - started) * 1000, 1)}


class CheckSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "down"])
    latency_ms = serializers.FloatField()


class HealthSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(["ok", "degraded", "down"])
    version = serializers.CharField()
    checks = serializers.DictField(child=CheckSerializer())


class Health(ApiView):
    """Report the state of each part: 200 for ``ok`` and ``degraded``, 503 for ``down``."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="health", responses={200: HealthSerializer, 503: HealthSerializer})
    def get(self, request: Request) -> Response:
        report = health_report()
        return Response(report, status=http_status(report))


def health_report() -> dict[str, Any]:
    """Check every part and return the result."""
    checks = {name: _check(name) for name in CHECKS}
    return {"status": _verdict(checks), "version": settings.VERSION, "checks": checks}


def http_status(report: dict[str, Any]) -> int:
    """Return the HTTP status of a report."""
    return 503 if report["status"] == "down" else 200


def _verdict(checks: dict[str, dict[str, Any]]) -> str:
    if checks["database"]["status"] == "down":
        return "down"
    return "ok" if all(c["status"] == "ok" for c in checks.values()) else "degraded"


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 while the process runs."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if requests can be served, else 503."""
    check = _check("database")
    status = 200 if check["status"] == "ok" else 503
    return JsonResponse({"status": "ok" if status == 200 else "down"}, status=status)
