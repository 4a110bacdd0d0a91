"""Exceptions in views: the response does not contain their text."""

import json
import sys
import types

import psycopg
import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import Http404, HttpRequest
from django.test import Client
from django.urls import path
from rest_framework.request import Request

from accounts.permissions import AllowAny
from aggios.urls import common
from core.api.views import ApiView
from core.problems import InternalError, RateLimited

SECRET = "postgresql://owner:hunter2@10.0.0.1/aggios"
RAISED = {
    "key": (KeyError(SECRET), 500, "internal_error"),
    "assertion": (AssertionError(SECRET), 500, "internal_error"),
    "recursion": (RecursionError(SECRET), 500, "internal_error"),
    "memory": (MemoryError(SECRET), 500, "internal_error"),
    "operational": (OperationalError(SECRET), 503, "database_unavailable"),
    "driver": (psycopg.OperationalError(SECRET), 503, "database_unavailable"),
    "missing": (Http404(SECRET), 404, "not_found"),
    "denied": (PermissionDenied(SECRET), 403, "permission_denied"),
    "problem": (InternalError(), 500, "internal_error"),
    "limited": (RateLimited(headers={"Retry-After": "7"}), 429, "rate_limited"),
}


class Crash(ApiView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request: Request, kind: str):
        raise RAISED[kind][0]


def crash(request: HttpRequest, kind: str):
    raise RAISED[kind][0]


def suspicious(request: HttpRequest):
    raise SuspiciousOperation(SECRET)


@pytest.fixture
def client(committed, settings) -> Client:
    """A client of the apex with views that raise exceptions."""
    module = types.ModuleType("tests.crashing_urls")
    module.urlpatterns = [
        path("api/view/<kind>", Crash.as_view()),
        path("api/plain/<kind>", crash),
        path("api/suspicious", suspicious),
        *common.urlpatterns,
    ]
    for name in ("handler400", "handler403", "handler404", "handler500"):
        handler = {"400": "bad_request", "403": "permission_denied"}.get(name[-3:])
        handler = handler or {"404": "not_found", "500": "server_error"}[name[-3:]]
        setattr(module, name, getattr(common, handler))
    sys.modules[module.__name__] = module
    settings.SITE_URLCONFS = {**settings.SITE_URLCONFS, "apex": module.__name__}
    return Client(raise_request_exception=False, headers={"host": "aggios.localhost"})


@pytest.mark.parametrize("where", ["view", "plain"])
@pytest.mark.parametrize("kind", RAISED)
def test_exception_text_is_not_sent(client: Client, where: str, kind: str):
    _, status, code = RAISED[kind]

    answer = client.get(f"/api/{where}/{kind}")

    body = json.loads(answer.content)
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert "hunter2" not in answer.content.decode()
    assert "Error" not in answer.content.decode()
    if status in {429, 503}:
        assert int(answer.headers["Retry-After"]) > 0


def test_suspicious_operation_is_a_bad_request(client: Client):
    answer = client.get("/api/suspicious")

    assert (answer.status_code, json.loads(answer.content)["code"]) == (400, "bad_request")
    assert "hunter2" not in answer.content.decode()


def test_request_after_error_is_served(client: Client):
    client.get("/api/plain/key")

    assert client.get("/api/health/live").status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
