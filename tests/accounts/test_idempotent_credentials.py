"""A repeated Idempotency-Key shows no revoked credential (see test_secret_responses)."""

import httpx
import pytest

from tests.support.accounts.second_factors import AuthenticatorApp
from tests.support.factories import Agency
from tests.support.files.form_uploads import add_file
from tests.support.http_client import PASSWORD, Site

KEY = {"Idempotency-Key": "once"}


def assert_gone(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotent_result_gone")


def test_revoked_api_key_is_not_shown_again(agency: Agency):
    at, body = agency.owner.at, {"name": "k", "scopes": ["files:read"]}
    made = at.post("/api/keys", body, headers=KEY).json()

    at.delete(f"/api/keys/{made['id']}")

    assert_gone(at.post("/api/keys", body, headers=KEY))


@pytest.mark.parametrize("end", ["revoked", "replaced"])
def test_token_of_revoked_link_is_not_shown_again(agency: Agency, end: str):
    at, body = agency.owner.at, {"max_uses": 2}
    made = at.post("/api/invitations", body, headers=KEY).json()
    place = f"/api/invitations/{made['id']}"

    done = at.delete(place) if end == "revoked" else at.post(f"{place}/resend")

    assert done.is_success, done.text
    assert_gone(at.post("/api/invitations", body, headers=KEY))


def test_url_of_revoked_share_is_not_shown_again(agency: Agency):
    at = agency.owner.at
    place = f"/api/files/{add_file(at, 'a.txt')['id']}/shares"
    made = at.post(place, {}, headers=KEY).json()

    at.delete(f"/api/shares/{made['id']}")

    assert_gone(at.post(place, {}, headers=KEY))


def test_secret_of_confirmed_factor_is_not_shown_again(agency: Agency):
    at = agency.owner.at
    begun = at.post("/api/auth/factors", {"type": "totp"}, headers=KEY).json()
    place, body = (
        f"/api/auth/factors/{begun['id']}/confirm",
        {"code": AuthenticatorApp(begun["secret"]).code()},
    )
    confirmed = at.post(place, body, headers=KEY)

    repeated = at.post(place, body, headers=KEY)

    assert repeated.json() == confirmed.json()
    assert_gone(at.post("/api/auth/factors", {"type": "totp"}, headers=KEY))


def test_replaced_recovery_codes_are_not_shown_again(agency: Agency):
    at = agency.owner.at
    begun = at.post("/api/auth/factors", {"type": "totp"}).json()
    place, body = (
        f"/api/auth/factors/{begun['id']}/confirm",
        {"code": AuthenticatorApp(begun["secret"]).code()},
    )
    at.post(place, body, headers=KEY)
    renewed = at.post("/api/auth/recovery-codes", headers=KEY)

    at.post("/api/auth/recovery-codes")

    assert renewed.status_code == 201
    assert_gone(at.post(place, body, headers=KEY))
    assert_gone(at.post("/api/auth/recovery-codes", headers=KEY))


def test_tokens_of_ended_session_are_not_shown_again(site: Site, agency: Agency):
    body = {
        "company": "Initech",
        "subdomain": f"i{agency.slug}",
        "email": "bill@initech.test",
        "password": PASSWORD,
        "first_name": "Bill",
        "last_name": "L",
    }
    first = site.host().post("/api/auth/register", body, headers=KEY)
    again = site.host().post("/api/auth/register", body, headers=KEY)
    here = site.host(body["subdomain"]).with_token(first.json()["access_token"])

    assert here.post("/api/auth/logout").status_code == 204

    assert first.json() == again.json()
    assert_gone(site.host().post("/api/auth/register", body, headers=KEY))
