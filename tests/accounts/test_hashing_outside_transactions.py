"""Password hashing: in every flow it runs without a lock and outside transactions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.email_tokens import create_email_token
from accounts.models import User
from accounts.passwords import hashers
from accounts.passwords.hashers import PasswordHashPool
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.services import update_tenant
from tests.support.accounts.in_process_client import post_from_address, random_address
from tests.support.accounts.invitations import (
    post_invitation,
    registration_body,
    token_of_invitation,
)
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD

FRESH = "another long passphrase"


class Watched(PasswordHashPool):
    """Records for each password whether a transaction was open during the hashing."""

    def __init__(self) -> None:
        super().__init__(concurrency=1, capacity=4, timeout=20)
        self.seen: list[bool] = []

    def run(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.seen.append(connection.in_atomic_block)
        return super().run(act, *args, **kwargs)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, committed: None) -> Watched:
    pool = Watched()
    monkeypatch.setattr(hashers, "hash_pool", lambda: pool)
    return pool


def a_link(agency: Agency, purpose: str) -> str:
    with tenant_context(agency.ref), transaction.atomic():
        owner = User.objects.get(pk=agency.owner.id)
        return create_email_token(
            purpose, email=owner.email, lifetime=timedelta(hours=1), user=owner
        )


def open_registration(agency: Agency) -> dict[str, Any]:
    update_tenant(agency.ref.id, name="X", registration="open", actor=SYSTEM)
    return {"email": "n@new.test", "password": PASSWORD}


WAYS: dict[str, Callable[[Agency], tuple[str, dict[str, Any]]]] = {
    "log-in": lambda a: ("auth/login", {"email": a.owner.email, "password": PASSWORD}),
    "no log-in": lambda a: ("auth/login", {"email": a.owner.email, "password": "wrong"}),
    "register": lambda a: ("auth/register", open_registration(a)),
    "invitation": lambda a: (
        "auth/register",
        registration_body(token_of_invitation(a, post_invitation(a, "a@new.test")), "a@new.test"),
    ),
    "reset": lambda a: (
        "auth/password/reset",
        {"token": a_link(a, "reset"), "password": FRESH},
    ),
    "change": lambda a: (
        "auth/password/change",
        {"current_password": PASSWORD, "password": FRESH},
    ),
    "proof": lambda a: ("auth/prove", {"password": PASSWORD}),
    "adding a person": lambda a: ("users", {"email": "a@new.test", "password": PASSWORD}),
}
KEYED = ("register", "invitation", "adding a person")


@pytest.mark.parametrize(
    ("way", "keyed"), [*((way, False) for way in WAYS), *((way, True) for way in KEYED)]
)
def test_hashing_runs_outside_transactions(agency: Agency, watched: Watched, way: str, keyed: bool):
    path, body = WAYS[way](agency)
    headers = {"idempotency-key": "once"} if keyed else {}
    if not path.startswith("auth/") or way in ("change", "proof"):
        headers["authorization"] = f"Bearer {agency.owner.access_token}"
    watched.seen.clear()

    answer = post_from_address(
        agency.slug, f"/api/{path}", body, address=random_address(), **headers
    )

    assert answer.status_code == 401 if way == "no log-in" else answer.status_code < 300
    assert watched.seen
    assert watched.seen == [False] * len(watched.seen)
