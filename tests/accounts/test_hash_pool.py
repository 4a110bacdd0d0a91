"""The password hash pool: few threads, a bounded queue, and a low priority."""

import os
import sys
import threading
import time
from collections.abc import Iterator

import argon2
import pytest
from django.contrib.auth.hashers import check_password, make_password

from accounts.passwords import hashers
from accounts.passwords.hashers import PasswordHashPool
from accounts.passwords.validation import user_password_matches
from accounts.problems import HashingBusy
from tests.support.hash_work import WORK, CountingHashPool

TIMEOUT = 20.0


class Barrier:
    """Work that blocks until it is released, and counts how much of it runs."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)
        self.under_way = self.most = 0
        self._lock = threading.Lock()

    def work(self) -> int:
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        self.begun.release()
        self.open.wait(TIMEOUT)
        with self._lock:
            self.under_way -= 1
        return threading.get_native_id()


@pytest.fixture
def barrier() -> Iterator[Barrier]:
    made = Barrier()
    yield made
    made.open.set()


def ask(pool: PasswordHashPool, barrier: Barrier, count: int) -> list[threading.Thread]:
    """Start ``count`` threads that run the work."""
    threads = [threading.Thread(target=pool.run, args=(barrier.work,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads


def test_pool_bounds_running_and_waiting_calls(barrier: Barrier):
    pool = PasswordHashPool(concurrency=2, capacity=5, timeout=TIMEOUT)
    threads = ask(pool, barrier, 5)
    for _ in range(2):
        assert barrier.begun.acquire(timeout=TIMEOUT)
    end = time.monotonic() + TIMEOUT
    while pool._capacity._value:  # until all five have their place
        assert time.monotonic() < end
        time.sleep(0.01)

    with pytest.raises(HashingBusy):
        pool.run(barrier.work)
    with pytest.raises(HashingBusy):
        pool.require_capacity()

    barrier.open.set()
    for thread in threads:
        thread.join()
    assert barrier.most == 2
    pool.require_capacity()


def test_timed_out_work_keeps_its_capacity(barrier: Barrier):
    pool = PasswordHashPool(concurrency=1, capacity=1, timeout=0.05)

    with pytest.raises(HashingBusy):
        pool.run(barrier.work)
    with pytest.raises(HashingBusy):
        pool.require_capacity()

    barrier.open.set()
    pool._threads.shutdown(wait=True)
    pool.require_capacity()


def test_timed_out_waiting_work_never_starts(barrier: Barrier):
    pool = PasswordHashPool(concurrency=1, capacity=2, timeout=0.05)
    for _ in range(2):
        with pytest.raises(HashingBusy):
            pool.run(barrier.work)

    barrier.open.set()
    pool._threads.shutdown(wait=True)
    assert barrier.begun._value == 1


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is a process's elsewhere")
def test_pool_threads_have_low_priority(settings):
    settings.PASSWORD_HASH_NICE = 7
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    pool = PasswordHashPool(concurrency=1, capacity=1, timeout=TIMEOUT)

    nice = pool.run(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    # 19 is the lowest priority that there is, and the suite itself may run with a low one.
    assert nice == min(usual + 7, 19)
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == usual


def test_error_of_the_work_reaches_the_caller(barrier: Barrier):
    pool = PasswordHashPool(concurrency=1, capacity=1, timeout=TIMEOUT)
    with pytest.raises(ZeroDivisionError):
        pool.run(lambda: 1 // 0)

    assert pool.run(lambda: "next") == "next"


def test_default_queue_leaves_threads_free():
    from django.conf import settings

    assert (
        1
        <= settings.PASSWORD_HASH_CONCURRENCY
        <= settings.PASSWORD_HASH_QUEUE_SIZE
        < settings.WEB_THREADS
    )


def stored_with(monkeypatch, **cost: int) -> str:
    """Return a hash made with other parameters."""
    with monkeypatch.context() as then:
        then.setattr(hashers, "ARGON2", argon2.PasswordHasher(parallelism=1, **cost))
        return make_password("a right password")


def test_refusals_cost_the_same_work(counted: CountingHashPool, monkeypatch):
    user_password_matches(None, "first, the hash of nobody is made")
    encoded = {
        "current": make_password("a right password"),
        "cheaper": stored_with(monkeypatch, time_cost=1, memory_cost=8192),
        "no password": "!",
        "pepper gone": "argon2p$9$" + make_password("a right password")[10:],
    }
    work = {}
    for name, text in encoded.items():
        counted.work = 0
        assert not check_password("a wrong password", text)
        work[name] = counted.work
    counted.work = 0
    assert not user_password_matches(None, "a wrong password")

    assert work == dict.fromkeys(encoded, WORK)
    assert counted.work == WORK


@pytest.mark.usefixtures("usual_argon2")
def test_hash_with_old_parameters_is_renewed_at_log_in(monkeypatch):
    text = stored_with(monkeypatch, time_cost=1, memory_cost=8192)
    anew: list[str] = []

    assert not check_password("a wrong password", text, setter=anew.append)
    assert anew == []
    assert check_password("a right password", text, setter=anew.append)
    assert anew == ["a right password"]
    assert not check_password("a wrong password", make_password(anew[0]), setter=anew.append)
