"""A user journey: signup, users of the tenant, and isolation from another tenant."""

from tests.support.factories import Agency, Person
from tests.support.http_client import PASSWORD, Site


def test_signup_logs_the_owner_in(acme: Agency):
    answer = acme.owner.at.get("/api/users/me")

    assert answer.status_code == 200
    assert answer.json()["email"] == "ada@acme.test"
    assert answer.json()["role"] == "owner"


def test_token_is_valid_only_in_its_tenant(acme: Agency, globex: Agency):
    answer = globex.host.with_token(acme.owner.access_token).get("/api/users/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "token_invalid"


def test_address_in_another_tenant_is_another_user(acme: Agency, globex: Agency):
    body = {"email": acme.owner.email, "password": PASSWORD}

    answer = globex.host.post("/api/auth/login", body)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_member_reads_the_own_profile(ben: Person):
    assert ben.at.get("/api/users/me").json()["role"] == "member"


def test_unknown_tenant_is_not_found(site: Site):
    answer = site.host("nobody-has-this").get("/api/users/me")

    assert answer.status_code == 404
    assert answer.json()["code"] == "tenant_not_found"
