"""Verifies a password with argon2-cffi alone: ``python -m bench.accounts.raw_argon2 THREADS``.

For each line it reads, a number of seconds, it answers with how many verifications a second it
reached in them.
"""

import sys
import threading
import time

import argon2

# As accounts/passwords/hashers.py has them; the benchmark says so if they differ.
COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}
PASSWORD = b"correct horse battery staple"


def rate(seconds: float, threads: int) -> float:
    """Return the verifications a second of so many threads."""
    hasher = argon2.PasswordHasher(**COST)
    encoded = hasher.hash(PASSWORD)
    done: list[float] = []
    started = time.perf_counter()

    def work() -> None:
        while time.perf_counter() - started < seconds:
            hasher.verify(encoded, PASSWORD)
            done.append(time.perf_counter())

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return len(done) / (max(done) - started)


if __name__ == "__main__":
    for line in sys.stdin:
        print(rate(float(line), int(sys.argv[1])), flush=True)
