"""Threads that switch tenants while backends are cancelled and killed see no foreign row."""

import random
import threading
import time

import psycopg
from django.core.signals import request_started
from django.db import Error, connection, transaction

from accounts.models import User
from tenants.context import TenantRef, tenant_context
from tests.support.scope_queries import EMAILS_SQL

SECONDS, THREADS = 6.0, 6
# Minimum amounts of work and of failures; a busy machine gets more time.
MOST_SECONDS, DONE, FAILED = 90.0, 250, 10


class Undo(Exception):
    """Raised to leave a block with a rollback."""


def _plain(expected: str) -> list[str]:
    return list(User.objects.values_list("email", flat=True))


def _streamed(expected: str) -> list[str]:
    return [user.email for user in User.objects.iterator(chunk_size=1)]


def _written(expected: str) -> list[str]:
    with transaction.atomic():
        User.objects.update(last_name=expected)
        return list(User.objects.values_list("email", flat=True))


def _undone(expected: str) -> list[str]:
    seen: list[str] = []
    try:
        with transaction.atomic():
            seen += _plain(expected)
            with transaction.atomic():
                User.objects.update(last_name=expected)
                raise Undo
    except Undo:
        seen += _plain(expected)
    return seen


def _failed(expected: str) -> list[str]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1/0")
    except Error:
        return _plain(expected)
    return ["the division worked"]


def _by_hand(expected: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(random.choice(["RESET ROLE", "BEGIN", "SELECT 1"]))
        cursor.execute(EMAILS_SQL)
        seen = [row[0] for row in cursor.fetchall()]
        cursor.execute("ROLLBACK")
    return seen + _plain(expected)


DEEDS = (_plain, _streamed, _written, _undone, _failed, _by_hand)


class Worker(threading.Thread):
    """Runs one action after another in one tenant after another, like requests."""

    def __init__(self, tenants: dict[str, TenantRef], over: threading.Event) -> None:
        super().__init__()
        self.tenants, self.over = tenants, over
        self.done = self.failed = 0
        self.foreign: list[tuple[str, str, list[str]]] = []

    def run(self) -> None:
        while not self.over.is_set():
            expected, tenant = random.choice(list(self.tenants.items()))
            self._one(expected, tenant, random.choice(DEEDS))
        connection.close()

    def _one(self, expected: str, tenant: TenantRef, deed) -> None:
        if random.random() < 0.5:
            request_started.send(sender=None, environ={})
        try:
            with tenant_context(tenant):
                seen = deed(expected)
        except (Error, psycopg.Error):  # Django closes server-side cursors outside of its wrapper
            self.failed += 1
            connection.close_if_unusable_or_obsolete()
            if connection.connection is not None and random.random() < 0.5:
                connection.close()
            return
        self.done += 1
        if set(seen) != {expected}:
            self.foreign.append((deed.__name__, expected, seen))


def _disturb(superuser: psycopg.Connection, workers: list[Worker]) -> int:
    """Cancel and terminate the application's backends at random; return the counts."""
    began, hits = time.monotonic(), 0
    while _goes_on(time.monotonic() - began, workers):
        verb = "pg_cancel_backend" if random.random() < 0.85 else "pg_terminate_backend"
        hits += superuser.execute(
            f"SELECT count({verb}(pid)) FROM (SELECT pid FROM pg_stat_activity "
            "WHERE usename = 'aggios_app' ORDER BY random() LIMIT 1) AS one"
        ).fetchone()[0]
        time.sleep(random.random() * 0.01)
    return hits


def _goes_on(seconds: float, workers: list[Worker]) -> bool:
    done, failed = sum(w.done for w in workers), sum(w.failed for w in workers)
    return seconds < SECONDS or (seconds < MOST_SECONDS and (done <= DONE or failed <= FAILED))


def test_interrupted_threads_never_see_foreign_rows(superuser, one: TenantRef, two: TenantRef):
    tenants = {"only@one.test": one, "only@two.test": two}
    over = threading.Event()
    workers = [Worker(tenants, over) for _ in range(THREADS)]
    for worker in workers:
        worker.start()
    try:
        hits = _disturb(superuser, workers)
    finally:
        over.set()
        for worker in workers:
            worker.join()

    assert [seen for worker in workers for seen in worker.foreign] == []
    done, failed = sum(w.done for w in workers), sum(w.failed for w in workers)
    print(f"{done} done, {failed} failed, {hits} cancelled or ended")
    assert done > DONE
    assert failed > FAILED
    assert hits > 50
