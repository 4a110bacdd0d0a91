"""The work of hashing passwords, counted: memory in KiB times passes (RFC 9106, section 4)."""

from typing import Any

import argon2

from accounts.passwords.hashers import PasswordHashPool

COST = {"time_cost": 2, "memory_cost": 19456}  # the settings' defaults
WORK = COST["time_cost"] * COST["memory_cost"]


class CountingHashPool(PasswordHashPool):
    """Counts in ``work`` what is hashed and verified."""

    def __init__(self) -> None:
        super().__init__(concurrency=1, capacity=4, timeout=20.0)
        self.work = 0

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        hasher = function.__self__
        if function.__name__ == "verify":
            cost = argon2.extract_parameters(args[0])
            self.work += cost.memory_cost * cost.time_cost
        else:
            self.work += hasher.memory_cost * hasher.time_cost
        return super().run(function, *args, **kwargs)
