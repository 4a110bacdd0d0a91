"""Responses with a secret: not cacheable, at the first request and when it is repeated."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.accounts.second_factors import AuthenticatorApp
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD

Made = tuple[str, dict[str, Any] | None]


def confirming(agency: Agency) -> Made:
    begun = agency.owner.at.post("/api/auth/factors", {"type": "totp"}).json()
    return f"/api/auth/factors/{begun['id']}/confirm", {
        "code": AuthenticatorApp(begun["secret"]).code()
    }


def renewing(agency: Agency) -> Made:
    path, body = confirming(agency)
    assert agency.owner.at.post(path, body).status_code == 200
    return "/api/auth/recovery-codes", None


SECRETS: dict[str, tuple[Callable[[Agency], Made], str]] = {
    "key": (lambda _: ("/api/keys", {"name": "k", "scopes": ["files:read"]}), "key"),
    "link": (lambda _: ("/api/invitations", {"max_uses": 2}), "token"),
    "factor": (lambda _: ("/api/auth/factors", {"type": "totp"}), "secret"),
    "confirmed": (confirming, "recovery_codes"),
    "codes": (renewing, "recovery_codes"),
}


@pytest.mark.parametrize("what", SECRETS)
def test_secret_responses_are_not_cacheable(agency: Agency, what: str):
    making, secret = SECRETS[what]
    path, body = making(agency)

    first, again = (
        agency.owner.at.post(path, body, headers={"Idempotency-Key": "once"}) for _ in range(2)
    )

    assert first.is_success, first.text
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()[secret] == first.json()[secret]
    for answer in (first, again):
        assert answer.headers["Cache-Control"] == "no-store"


def test_token_responses_are_not_cacheable(agency: Agency):
    body = {"email": agency.owner.email, "password": PASSWORD}
    logged_in = agency.host.post("/api/auth/login", body)
    refreshed = agency.host.post(
        "/api/auth/refresh", {"refresh_token": logged_in.json()["refresh_token"]}
    )

    assert (logged_in.status_code, refreshed.status_code) == (200, 200)
    for answer in (logged_in, refreshed):
        assert answer.headers["Cache-Control"] == "no-store"
