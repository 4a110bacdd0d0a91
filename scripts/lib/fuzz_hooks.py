"""Hooks of schemathesis for each case of scripts/fuzz_api.sh.

Cases are sent as the owner of a new tenant; another one is created when a case removed the owner's
rights. Every second case of an operation in ``VALID_VALUES`` gets valid values. The end shows the
statuses of each operation: one that never succeeded was not fuzzed.
"""

import atexit
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import requests
import schemathesis
from fuzz_users import FuzzUser, owner
from fuzz_values import VALID_VALUES

# The maximum of cases with valid values for an operation: each takes several requests.
MAX_VALID_CASES = int(os.environ.get("FUZZ_GOOD", "40"))
RIGHTS_LOST = {"permission_denied", "second_factor_missing", "email_unverified", "tenant_suspended"}
# These are always sent in a tenant that no other case uses.
DESTRUCTIVE = {"DELETE /api/tenant", "POST /api/tenant/transfer"}

tally: dict[str, Counter[str]] = defaultdict(Counter)
cases: Counter[str] = Counter()


class Sender:
    """The user who sends the cases."""

    _current: FuzzUser | None = None

    @property
    def current(self) -> FuzzUser:
        """The owner of a tenant that is usable as far as is known."""
        if self._current is None:
            self._current = owner()
        return self._current

    def replace(self) -> None:
        """Continue in a new tenant."""
        self._current = None


sender = Sender()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """Sends the owner's token with each case."""

    def get(self, case: Any, context: Any) -> str:
        return sender.current.token

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Put valid values into some cases, and the host of its tenant into each."""
    user, label = sender.current, case.operation.label
    case.headers = case.headers or {}
    # A check of the fuzzer itself has another token, or none, and is not changed.
    if label in VALID_VALUES and case.headers.get("Authorization") == f"Bearer {user.token}":
        cases[label] += 1
        if label in DESTRUCTIVE or (cases[label] % 2 and cases[label] <= 2 * MAX_VALID_CASES):
            user = _put_in(case, VALID_VALUES[label], user)
    case.headers["Host"] = user.host


def _put_in(case: Any, values: Any, user: FuzzUser) -> FuzzUser:
    try:
        valid = values(user)
    except (requests.HTTPError, TimeoutError):  # for example, a case closed the registration
        sender.replace()
        return user
    case.path_parameters = {**(case.path_parameters or {}), **valid.get("path", {})}
    if "body" in valid:
        case.body, case.media_type = valid["body"], "application/json"
    if "query" in valid:
        case.query = valid["query"]
    caller: FuzzUser = valid.get("user", user)
    case.headers["Authorization"] = f"Bearer {caller.token}"
    return caller


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the response; replace the sender when it has lost its rights."""
    tally[case.operation.label][str(response.status_code)] += 1
    sent = (case.headers or {}).get("Authorization", "")
    if sent == f"Bearer {sender.current.token}" and _rights_are_lost(response):
        sender.replace()


def _rights_are_lost(response: Any) -> bool:
    if response.status_code == 401:
        return True
    return response.status_code == 403 and response.json().get("code") in RIGHTS_LOST


@atexit.register
def report() -> None:
    """Print the statuses of each operation."""
    with Path(os.environ["FUZZ_TALLY"]).open("a", encoding="utf-8") as out:
        for label, statuses in sorted(tally.items()):
            total, good = sum(statuses.values()), sum(statuses[s] for s in statuses if s[0] in "23")
            print(f"{label:48} {total:5} cases, {good:4} succeeded: {dict(statuses)}", file=out)
