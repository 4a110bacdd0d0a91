"""Registration in a tenant, and idempotency of repeated requests."""

import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import User
from audit.services import SYSTEM
from idempotency.models import Answer
from tenants.context import tenant_context
from tenants.models import Domain
from tenants.services import update_tenant
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site

REGISTER = "/api/auth/register"


@pytest.fixture
def open_agency(new_agency: Callable[..., Agency]) -> Agency:
    """A tenant with open registration."""
    agency = new_agency()
    update_tenant(agency.ref.id, name="Open", registration="open", actor=SYSTEM)
    return agency


def body(email: str = "new@person.test", **fields: str) -> dict[str, str]:
    return {"email": email, "password": PASSWORD, "first_name": "N", "last_name": "P", **fields}


def people(agency: Agency) -> list[str]:
    with tenant_context(agency.ref):
        return list(User.objects.order_by("created_at").values_list("email", flat=True))


def test_registration_in_open_tenant_creates_a_user(open_agency: Agency):
    answer = open_agency.host.post(REGISTER, body("New@Person.TEST", role="owner"))

    assert answer.status_code == 201
    user = answer.json()["user"]
    assert (user["email"], user["role"], user["is_active"]) == ("new@person.test", "member", True)
    me = open_agency.host.with_token(answer.json()["access_token"]).get("/api/users/me")
    assert me.json() == user


def test_registration_in_closed_tenant_is_refused(new_agency: Callable[..., Agency]):
    agency = new_agency()

    for invitation in ({}, {"invitation": ""}, {"invitation": "made-up"}):
        answer = agency.host.post(REGISTER, body(**invitation))
        assert status_and_code(answer) == (403, "registration_closed")
    assert len(people(agency)) == 1


def test_taken_address_ignores_case(open_agency: Agency):
    taken = open_agency.host.post(REGISTER, body(open_agency.owner.email.upper()))

    assert status_and_code(taken) == (409, "email_taken")
    assert len(people(open_agency)) == 1


def test_concurrent_registrations_of_one_address_only_one_wins(open_agency: Agency):
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: open_agency.host.post(REGISTER, body()), range(6)))

    assert Counter(a.status_code for a in answers) == {201: 1, 409: 5}
    assert people(open_agency).count("new@person.test") == 1


def test_password_rules_are_enforced(open_agency: Agency):
    weak = open_agency.host.post(REGISTER, body(password="1234"))

    assert ("password", "password_too_short") in field_errors(weak)
    assert len(people(open_agency)) == 1


class TestIdempotencyKey:
    """The same key and body get the first response; everything else is a new request."""

    def test_repeated_request_replays_the_response(self, open_agency: Agency):
        key = {"Idempotency-Key": secrets.token_hex(8)}

        first = open_agency.host.post(REGISTER, body(), headers=key)
        second = open_agency.host.post(REGISTER, body(), headers=key)

        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json() == second.json()
        assert second.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert len(people(open_agency)) == 2

    def test_repeated_key_with_another_body_is_a_conflict(self, open_agency: Agency):
        key = {"Idempotency-Key": secrets.token_hex(8)}
        open_agency.host.post(REGISTER, body(), headers=key)

        other = open_agency.host.post(REGISTER, body("else@person.test"), headers=key)

        assert status_and_code(other) == (409, "idempotency_conflict")
        assert len(people(open_agency)) == 2

    def test_concurrent_repeats_run_once(self, open_agency: Agency):
        key = {"Idempotency-Key": secrets.token_hex(8)}

        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda _: open_agency.host.post(REGISTER, body(), headers=key), range(8))
            )

        assert Counter(a.status_code for a in answers) == {201: 8}
        assert len({a.text for a in answers}) == 1
        assert len(people(open_agency)) == 2

    def test_refusal_is_not_stored(self, new_agency: Callable[..., Agency]):
        agency = new_agency()
        key = {"Idempotency-Key": secrets.token_hex(8)}
        assert agency.host.post(REGISTER, body(), headers=key).status_code == 403

        update_tenant(agency.ref.id, name="Open", registration="open", actor=SYSTEM)

        assert agency.host.post(REGISTER, body(), headers=key).status_code == 201
        with tenant_context(agency.ref):
            assert Answer.objects.count() == 1

    def test_stored_response_is_encrypted(self, open_agency: Agency):
        key = secrets.token_hex(8)
        answer = open_agency.host.post(REGISTER, body(), headers={"Idempotency-Key": key})

        with tenant_context(open_agency.ref):
            row = Answer.objects.get()
        stored = bytes(row.body) + bytes(row.key_hash) + bytes(row.fingerprint)
        assert answer.json()["access_token"].encode() not in stored
        assert key.encode() not in stored

    def test_idempotency_key_in_another_tenant_is_independent(
        self, open_agency: Agency, new_agency
    ):
        other = new_agency()
        update_tenant(other.ref.id, name="Open", registration="open", actor=SYSTEM)
        key = {"Idempotency-Key": secrets.token_hex(8)}

        first = open_agency.host.post(REGISTER, body(), headers=key).json()
        second = other.host.post(REGISTER, body(), headers=key)

        assert second.status_code == 201
        assert second.json()["user"]["id"] != first["user"]["id"]

    @pytest.mark.parametrize("key", ["", "x" * 256])
    def test_invalid_idempotency_keys_are_refused(self, open_agency: Agency, key: str):
        answer = open_agency.host.post(REGISTER, body(), headers={"Idempotency-Key": key})

        assert field_errors(answer) == {("Idempotency-Key", "invalid")}

    def test_repeated_signup_creates_one_tenant(self, site: Site):
        slug, key = f"i{secrets.token_hex(6)}", {"Idempotency-Key": secrets.token_hex(8)}
        form = {"company": "I", "subdomain": slug, **body()}

        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda _: site.host().post(REGISTER, form, headers=key), range(4))
            )

        assert Counter(a.status_code for a in answers) == {201: 4}
        assert len({a.text for a in answers}) == 1
        assert Domain.objects.filter(domain=slug).count() == 1
        token = answers[0].json()["access_token"]
        assert site.host(slug).with_token(token).get("/api/users/me").status_code == 200
        without = site.host().post(REGISTER, form)
        assert status_and_code(without) == (409, "subdomain_taken")
