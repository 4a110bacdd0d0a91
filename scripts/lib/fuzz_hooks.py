"""Hooks of schemathesis for scripts/fuzz_api.sh.

Cases are sent as the owner of a separate tenant; another one is created when a case removed the
owner's permissions. Every second case of an operation in ``GOOD`` gets valid values. At the end it
prints the statuses of each operation: one that never succeeded was not fuzzed.
"""

import atexit
import os
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import requests
import schemathesis
from fuzz_users import Person, owner
from fuzz_values import GOOD

# How often an operation gets valid values at most: each takes several requests.
ENOUGH = int(os.environ.get("FUZZ_GOOD", "40"))
SHUT_OUT = {"permission_denied", "second_factor_missing", "email_unverified", "tenant_suspended"}
# These are always sent in a tenant that is used for nothing else.
SPOILING = {"DELETE /api/tenant", "POST /api/tenant/transfer"}

tally: dict[str, Counter[str]] = defaultdict(Counter)
given: Counter[str] = Counter()


class Sender:
    """The user whose access token the cases have."""

    _now: Person | None = None

    @property
    def now(self) -> Person:
        """The owner of a tenant that is believed to work."""
        if self._now is None:
            self._now = owner()
        return self._now

    def leave(self) -> None:
        """Continue in another tenant."""
        self._now = None


sender = Sender()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    """Sends the owner's token with each case."""

    def get(self, case: Any, context: Any) -> str:
        return sender.now.token

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Give some cases valid values, and each the host of its tenant."""
    by, label = sender.now, case.operation.label
    case.headers = case.headers or {}
    # A probe of the fuzzer itself has another token, or none: it is not changed.
    if label in GOOD and case.headers.get("Authorization") == f"Bearer {by.token}":
        given[label] += 1
        if label in SPOILING or (given[label] % 2 and given[label] <= 2 * ENOUGH):
            by = _put_in(case, GOOD[label], by)
    case.headers["Host"] = by.host


def _put_in(case: Any, values: Any, by: Person) -> Person:
    try:
        good = values(by)
    except (requests.HTTPError, TimeoutError):  # a case closed the tenant, for instance
        sender.leave()
        return by
    case.path_parameters = {**(case.path_parameters or {}), **good.get("path", {})}
    if "body" in good:
        case.body, case.media_type = good["body"], "application/json"
    if "query" in good:
        case.query = good["query"]
    person: Person = good.get("person", by)
    case.headers["Authorization"] = f"Bearer {person.token}"
    return person


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Count the response; use another tenant when the owner lost access."""
    tally[case.operation.label][str(response.status_code)] += 1
    sent = (case.headers or {}).get("Authorization", "")
    if sent == f"Bearer {sender.now.token}" and _shut_out(response):
        sender.leave()


def _shut_out(response: Any) -> bool:
    if response.status_code == 401:
        return True
    return response.status_code == 403 and response.json().get("code") in SHUT_OUT


@atexit.register
def told() -> None:
    """Print the statuses of each operation."""
    with Path(os.environ["FUZZ_TALLY"]).open("a", encoding="utf-8") as out:
        for label, statuses in sorted(tally.items()):
            all_, good = sum(statuses.values()), sum(statuses[s] for s in statuses if s[0] in "23")
            print(f"{label:48} {all_:5} cases, {good:4} went well: {dict(statuses)}", file=out)
