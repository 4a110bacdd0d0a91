"""Idempotency keys below HTTP: time, crashes, and the transaction they share with the work."""

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
    """Do the work of a request with a key."""
    request = Request(RequestFactory().post(path, headers={"Idempotency-Key": key}))
    work = action or (lambda: Response({"made": secrets.token_hex(4)}, status=201))
    return idempotent(request, caller=caller, fingerprint=fingerprint_of(body), action=work)


@pytest.fixture
def inside(one: TenantRef):
    with tenant_context(one):
        Answer.objects.all().delete()
        yield


def test_of_another_caller_or_path_it_is_another_key(inside):
    key = secrets.token_hex(8)
    first = ask(key).data

    assert ask(key).data == first
    assert ask(key, caller="ben").data != first
    assert ask(key, path="/api/others").data != first
    with pytest.raises(IdempotencyConflict):
        ask(key, body=2)


def test_work_that_fails_leaves_nothing_of_itself(inside):
    key = secrets.token_hex(8)
    before = AuditEvent.objects.count()

    def crash() -> Response:
        record("test.half", actor=SYSTEM)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask(key, action=crash)

    assert (AuditEvent.objects.count(), Answer.objects.count()) == (before, 0)
    assert ask(key, body=2).status_code == 201


def test_after_a_day_it_is_forgotten(inside):
    key = secrets.token_hex(8)
    first = ask(key).data
    Answer.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))

    second = ask(key, body=2).data

    assert second != first
    assert Answer.objects.count() == 1


def test_before_a_day_it_is_not(inside):
    key = secrets.token_hex(8)
    first = ask(key).data
    Answer.objects.update(created_at=timezone.now() - timedelta(hours=23, minutes=59))

    assert ask(key).data == first


def test_old_rows_go_a_few_at_a_time(inside):
    for _ in range(PRUNE_BATCH_SIZE + 5):
        ask(secrets.token_hex(8))
    Answer.objects.update(created_at=timezone.now() - timedelta(days=2))

    ask(secrets.token_hex(8))

    assert Answer.objects.count() == 6


def test_answers_outlive_the_secret_they_were_kept_with(inside, settings):
    key, former = secrets.token_hex(8), settings.SECRET_KEY
    first = ask(key).data
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "x" * 50, [former]

    again = ask(key)

    assert (again.data, again.headers["Idempotency-Replayed"]) == (first, "true")
    with pytest.raises(IdempotencyConflict):
        ask(key, body=2)
    settings.SECRET_KEY_FALLBACKS = []
    assert ask(key).data != first
