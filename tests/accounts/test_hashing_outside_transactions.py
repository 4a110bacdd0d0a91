"""A password is hashed while nothing is locked and no transaction is open, whoever sets it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from accounts.email_tokens import mint
from accounts.models import User
from accounts.passwords import hashers
from accounts.passwords.hashing import Desk
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.details import update_tenant
from tests.support.accounts.in_process_client import ask, somewhere
from tests.support.accounts.invitations import invited, joining, token_for
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD

FRESH = "another long passphrase"


class Watched(Desk):
    """Notes for each password whether a transaction was open when it came to be hashed."""

    def __init__(self) -> None:
        super().__init__(at_once=1, places=4, patience=20)
        self.seen: list[bool] = []

    def do(self, act: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        self.seen.append(connection.in_atomic_block)
        return super().do(act, *args, **kwargs)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, committed: None) -> Watched:
    desk = Watched()
    monkeypatch.setattr(hashers, "desk", lambda: desk)
    return desk


def a_link(agency: Agency, purpose: str) -> str:
    with tenant_context(agency.ref), transaction.atomic():
        owner = User.objects.get(pk=agency.owner.id)
        return mint(purpose, email=owner.email, lifetime=timedelta(hours=1), user=owner)


def open_registration(agency: Agency) -> dict[str, Any]:
    update_tenant(agency.ref.id, name="X", registration="open", actor=SYSTEM)
    return {"email": "n@new.test", "password": PASSWORD}


WAYS: dict[str, Callable[[Agency], tuple[str, dict[str, Any]]]] = {
    "log-in": lambda a: ("auth/login", {"email": a.owner.email, "password": PASSWORD}),
    "no log-in": lambda a: ("auth/login", {"email": a.owner.email, "password": "wrong"}),
    "register": lambda a: ("auth/register", open_registration(a)),
    "invitation": lambda a: (
        "auth/register",
        joining(token_for(a, invited(a, "a@new.test")), "a@new.test"),
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
def test_nothing_is_held_meanwhile(agency: Agency, watched: Watched, way: str, keyed: bool):
    path, body = WAYS[way](agency)
    headers = {"idempotency-key": "once"} if keyed else {}
    if not path.startswith("auth/") or way in ("change", "proof"):
        headers["authorization"] = f"Bearer {agency.owner.access_token}"
    watched.seen.clear()

    answer = ask(agency.slug, f"/api/{path}", body, address=somewhere(), **headers)

    assert answer.status_code == 401 if way == "no log-in" else answer.status_code < 300
    assert watched.seen
    assert watched.seen == [False] * len(watched.seen)
