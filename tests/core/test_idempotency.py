"""Idempotency keys without HTTP: lifetime, crashes, and the shared transaction."""

import secrets
from datetime import timedelta

import pytest
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from audit.models import AuditEvent
from audit.services import SYSTEM, record
from core.problems import IdempotencyConflict
from idempotency.models import Answer
from idempotency.services import PRUNE_BATCH_SIZE, fingerprint_of, idempotent
from tenants.context import TenantRef, tenant_context


def ask(key: str, body: object = 1, path: str = "/api/things", caller: str = "ada", action=None):
    """Run a request's work with a key."""
    request = Request(RequestFactory().post(path, headers={"Idempotency-Key": key}))
    work = action or (lambda: Response({"made": secrets.token_hex(4)}, status=201))
    return idempotent(request, caller=caller, fingerprint=fingerprint_of(body), action=work)


@pytest.fixture
def inside(one: TenantRef):
    with tenant_context(one):
        Answer.objects.all().delete()
        yield


def test_key_is_separate_per_caller_and_path(inside):
    key = secrets.token_hex(8)
    first = ask(key).data

    assert ask(key).data == first
    assert ask(key, caller="ben").data != first
    assert ask(key, path="/api/others").data != first
    with pytest.raises(IdempotencyConflict):
        ask(key, body=2)


def test_failed_work_is_rolled_back(inside):
    key = secrets.token_hex(8)
    before = AuditEvent.objects.count()

    def crash() -> Response:
        record("test.half", actor=SYSTEM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(key, action=crash)

    assert (AuditEvent.objects.count(), Answer.objects.count()) == (before, 0)
    assert ask(key, body=2).status_code == 201


def test_key_older_than_a_day_is_ignored(inside):
    key = secrets.token_hex(8)
    first = ask(key).data
    Answer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    second = ask(key, body=2).data

    assert second != first
    assert Answer.objects.count() == 1


def test_key_within_a_day_is_replayed(inside):
    key = secrets.token_hex(8)
    first = ask(key).data
    Answer.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))

    assert ask(key).data == first


def test_old_rows_are_pruned_in_batches(inside):
    for _ in range(PRUNE_BATCH_SIZE + 5):
        ask(secrets.token_hex(8))
    Answer.objects.update(created_at=timezone.now() - timedelta(days=2))

    ask(secrets.token_hex(8))

    assert Answer.objects.count() == 6


def test_stored_response_survives_secret_rotation(inside, settings):
    key, former = secrets.token_hex(8), settings.SECRET_KEY
    first = ask(key).data
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 50, [former]

    again = ask(key)

    assert (again.data, again.headers["Idempotency-Replayed"]) == (first, "true")
    with pytest.raises(IdempotencyConflict):
        ask(key, body=2)
    settings.SECRET_KEY_FALLBACKS = []
    assert ask(key).data != first
