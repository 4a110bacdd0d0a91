"""An agency signs up, its people come and go, and the other agency sees nothing of it."""

from tests.support.factories import Agency, Person
from tests.support.http_client import PASSWORD, Site


def test_the_owner_is_logged_in_by_signing_up(acme: Agency):
    answer = acme.owner.at.get("/api/users/me")

    assert answer.status_code == 200
    assert answer.json()["email"] == "ada@acme.test"
    assert answer.json()["role"] == "owner"


def test_a_token_is_good_in_its_own_tenant_alone(acme: Agency, globex: Agency):
    answer = globex.host.with_token(acme.owner.access_token).get("/api/users/me")

    assert answer.status_code == 401
    assert answer.json()["code"] == "token_invalid"


def test_the_same_address_is_nobody_in_another_tenant(acme: Agency, globex: Agency):
    body = {"email": acme.owner.email, "password": PASSWORD}

    answer = globex.host.post("/api/auth/login", body)

    assert answer.status_code == 401
    assert answer.json()["code"] == "invalid_credentials"


def test_a_member_sees_themselves(ben: Person):
    assert ben.at.get("/api/users/me").json()["role"] == "member"


def test_an_unknown_workspace_is_not_found(site: Site):
    answer = site.host("nobody-has-this").get("/api/users/me")

    assert answer.status_code == 404
    assert answer.json()["code"] == "tenant_not_found"
