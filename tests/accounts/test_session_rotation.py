"""Rotation under failure: concurrent requests, lost responses, killed backends."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from django.utils import timezone
from psycopg import sql

from accounts.models import Session
from accounts.problems import TokenReused
from accounts.sessions.rotation import rotate_refresh_token
from tenants.context import tenant_context
from tests.support.accounts.sessions import (
    ME,
    backdate_session,
    open_another_session,
    refresh,
    refusal_reason,
    session_end_details,
    session_row,
)
from tests.support.factories import Agency
from tests.support.http_client import Host

TIMEOUT = 30.0


@pytest.mark.parametrize("count", [20, 100])
def test_many_refreshes_get_the_same_token(agency: Agency, count: int):
    with ThreadPoolExecutor(count) as pool:
        answers = list(
            pool.map(lambda _: refresh(agency.host, agency.owner.refresh_token), range(count))
        )

    assert Counter(a.status_code for a in answers) == {200: count}
    assert len({a.json()["refresh_token"] for a in answers}) == 1
    assert session_row(agency).generation == 1
    for one in answers[:3]:
        assert agency.host.with_token(one.json()["access_token"]).get(ME).status_code == 200


def test_refreshes_waiting_for_the_row_get_the_same_token(
    agency: Agency, superuser: psycopg.Connection
):
    """Four backends wait for the row at the same moment."""
    with ThreadPoolExecutor(4) as pool:
        with superuser.transaction():
            superuser.execute(_lock(agency), [session_row(agency).id])
            asked = [
                pool.submit(refresh, agency.host, agency.owner.refresh_token) for _ in range(4)
            ]
            _until(lambda: _waiting(superuser) == 4)
        answers = [one.result() for one in asked]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert session_row(agency).generation == 1


def _lock(agency: Agency) -> sql.Composed:
    query = sql.SQL("SELECT FROM {}.accounts_session WHERE id = %s FOR UPDATE")
    return query.format(sql.Identifier(agency.ref.schema_name))


def _waiting(superuser: psycopg.Connection) -> int:
    """Count the backends that wait for a lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    [(count,)] = superuser.execute(query).fetchall()
    return int(count)


def test_grace_does_not_slide(agency: Agency, settings):
    """The grace ends after the parent's first use, however often the parent is used again."""
    parent = agency.owner.refresh_token
    with tenant_context(agency.ref):
        child = rotate_refresh_token(parent)
        time.sleep(0.5)
        assert rotate_refresh_token(parent).refresh_token == child.refresh_token
        first_use = Session.objects.get().rotated_at
        settings.REFRESH_REUSE_GRACE = timezone.now() - first_use
        with pytest.raises(TokenReused):
            rotate_refresh_token(parent)

    assert first_use == child.session.rotated_at
    assert (session_row(agency).generation, session_row(agency).end_reason) == (1, "reuse_detected")


def test_parent_after_grace_is_reuse(agency: Agency):
    child = refresh(agency.host, agency.owner.refresh_token).json()
    backdate_session(agency, "rotated_at", seconds=31)

    late = refresh(agency.host, agency.owner.refresh_token)

    assert refusal_reason(late, "token_reused") == "reuse_detected"
    assert refusal_reason(agency.host.with_token(child["access_token"]).get(ME)) == "reuse_detected"
    assert refusal_reason(refresh(agency.host, child["refresh_token"])) == "reuse_detected"


def test_grandparent_within_grace_is_reuse(agency: Agency):
    first = agency.owner.refresh_token
    second = refresh(agency.host, first).json()["refresh_token"]
    third = refresh(agency.host, second).json()["refresh_token"]
    assert refresh(agency.host, second).json()["refresh_token"] == third

    assert refusal_reason(refresh(agency.host, first), "token_reused") == "reuse_detected"
    assert refusal_reason(refresh(agency.host, third)) == "reuse_detected"
    assert session_end_details(agency) == [{"reason": "reuse_detected"}]


def test_reuse_ends_only_its_session(agency: Agency):
    other = open_another_session(agency)
    child = refresh(agency.host, agency.owner.refresh_token).json()["refresh_token"]
    refresh(agency.host, child)
    assert refresh(agency.host, agency.owner.refresh_token).status_code == 401

    assert agency.host.with_token(other["access_token"]).get(ME).status_code == 200
    assert refresh(agency.host, other["refresh_token"]).status_code == 200


def test_lost_response_loses_no_session(agency: Agency):
    """The client disconnects between commit and response and retries with the parent."""
    with _asked_and_gone(agency.host, agency.owner.refresh_token):
        _until(lambda: session_row(agency).generation == 1)

    again = refresh(agency.host, agency.owner.refresh_token)

    assert again.status_code == 200
    assert session_row(agency).generation == 1
    assert refresh(agency.host, again.json()["refresh_token"]).status_code == 200


def _asked_and_gone(host: Host, token: str) -> socket.socket:
    """Send a refresh, to be closed without reading the answer."""
    body = json.dumps({"refresh_token": token})
    head = (
        f"POST /api/auth/refresh HTTP/1.1\r\nHost: {host.name}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", host.port), timeout=TIMEOUT)
    connection.sendall((head + body).encode())
    return connection


def test_killed_backend_loses_no_session(agency: Agency, superuser: psycopg.Connection):
    """PostgreSQL ends the rotating connection: nothing changes, the token stays valid."""
    pk, answers = session_row(agency).id, []
    with superuser.transaction():
        superuser.execute(_lock(agency), [pk])
        rotating = threading.Thread(
            target=lambda: answers.append(refresh(agency.host, agency.owner.refresh_token))
        )
        rotating.start()
        _until(lambda: _end_who_waits(superuser))
        rotating.join()

    assert answers[0].status_code in {200, 503}
    assert session_row(agency).generation == (1 if answers[0].status_code == 200 else 0)
    again = refresh(agency.host, agency.owner.refresh_token)
    assert again.status_code == 200
    assert session_row(agency).generation == 1
    assert refresh(agency.host, again.json()["refresh_token"]).status_code == 200


def _end_who_waits(superuser: psycopg.Connection) -> bool:
    """End the backends that wait for this one; return whether there were any."""
    found = superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    return bool(found.fetchall())


def _until(come: Callable[[], bool]) -> None:
    end = time.monotonic() + TIMEOUT
    while not come():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)
