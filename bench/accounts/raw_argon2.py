"""Verifications of a password by argon2-cffi alone.

``python -m bench.accounts.raw_argon2 THREADS``: for each line of standard input, a number of
seconds, it verifies for that time and prints the rate per second.
"""

import sys
import threading
import time

import argon2

# The defaults of accounts/passwords/hashers.py.
COST = {"time_cost": 2, "memory_cost": 19456, "parallelism": 1}
PASSWORD = b"correct horse battery staple"


def rate(seconds: float, threads: int) -> float:
    """Return the verifications per second of so many threads."""
    hasher = argon2.PasswordHasher(**COST)
    encoded = hasher.hash(PASSWORD)
    finished: list[float] = []
    started = time.perf_counter()

    def work() -> None:
        while time.perf_counter() - started < seconds:
            hasher.verify(encoded, PASSWORD)
            finished.append(time.perf_counter())

    running = [threading.Thread(target=work) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return len(finished) / (max(finished) - started)


if __name__ == "__main__":
    for line in sys.stdin:
        print(rate(float(line), int(sys.argv[1])), flush=True)
