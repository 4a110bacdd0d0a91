"""Users, read and changed by managers."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.api_keys import issue_api_key
from accounts.models import MailLink, User
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.accounts.users import (
    audit_actions,
    insert_user_row,
    random_email,
    user_row,
    user_with_session,
)
from tests.support.factories import Agency, Person, create_agency
from tests.support.mailbox import Mailbox

USERS = "/api/users"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    """One agency for all tests that add users without counting them."""
    return create_agency(site, f"p{secrets.token_hex(5)}")


class TestChanging:
    def test_patch_changes_only_given_fields(self, agency: Agency):
        person_id = insert_user_row(agency, first_name="A", last_name="B")
        path = f"{USERS}/{person_id}"
        before = agency.owner.at.get(path)

        answer = agency.owner.at.patch(path, {"last_name": "C", "id": "x", "created_at": None})

        assert answer.status_code == 200, answer.text
        expected = {**before.json(), "last_name": "C", "updated_at": answer.json()["updated_at"]}
        assert answer.json() == expected
        assert answer.headers["ETag"] != before.headers["ETag"]
        assert audit_actions(agency, person_id) == ["user.updated"]

    def test_unchanged_values_change_nothing(self, agency: Agency):
        person_id = insert_user_row(agency, first_name="A")
        before = agency.owner.at.get(f"{USERS}/{person_id}")

        same = {"first_name": "A", "role": "member", "is_active": True}
        for body in ({}, same, {"email": before.json()["email"].upper()}):
            answer = agency.owner.at.patch(f"{USERS}/{person_id}", body)
            assert (answer.status_code, answer.json()) == (200, before.json())
        assert audit_actions(agency, person_id) == []

    def test_entity_tags(self, agency: Agency):
        path = f"{USERS}/{insert_user_row(agency)}"
        tag = agency.owner.at.get(path).headers["ETag"]

        assert agency.owner.at.get(path, headers={"If-None-Match": tag}).status_code == 304
        first = agency.owner.at.patch(path, {"first_name": "1"}, headers={"If-Match": tag})
        second = agency.owner.at.patch(path, {"first_name": "2"}, headers={"If-Match": tag})
        assert first.status_code == 200
        assert status_and_code(second) == (412, "precondition_failed")
        assert agency.owner.at.get(path).json()["first_name"] == "1"

    def test_concurrent_changes_with_one_etag_only_one_wins(self, agency: Agency):
        path = f"{USERS}/{insert_user_row(agency)}"
        tag = agency.owner.at.get(path).headers["ETag"]

        def change(number: int) -> int:
            body = {"first_name": f"n{number}"}
            return agency.owner.at.patch(path, body, headers={"If-Match": tag}).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(change, range(6))) == [200] + [412] * 5

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", "x"),
            ("email", ""),
            ("first_name", None),
            ("first_name", "x" * 101),
            ("role", "root"),
            ("role", None),
            ("is_active", "false"),
            ("is_active", 0),
        ],
    )
    def test_invalid_field_is_named(self, agency: Agency, field: str, value: object):
        person_id = insert_user_row(agency)
        answer = agency.owner.at.patch(f"{USERS}/{person_id}", {field: value, "last_name": "kept?"})

        assert {name for name, _ in field_errors(answer)} == {field}
        assert user_row(agency, person_id).last_name == ""

    def test_own_profile_change_does_not_change_the_role(self, agency: Agency):
        one = user_with_session(agency)
        before = one.at.get("/api/users/me").json()
        changes = {
            "role": "owner",
            "is_active": False,
            "email": random_email(),
            "id": agency.owner.id,
        }

        for method in ("PATCH", "PUT"):
            body = {"first_name": method, "last_name": "", **changes}
            after = one.at.request(method, "/api/users/me", json=body).json()
            changed = {name for name in before if before[name] != after[name]}
            assert changed <= {"first_name", "updated_at"}
        assert audit_actions(agency, one.id) == ["user.updated", "user.updated"]


class TestAddress:
    def test_changed_address_is_unverified_and_notified(self, agency: Agency, mailbox: Mailbox):
        one = user_with_session(agency, email_verified_at="2026-01-01T00:00:00Z")
        new = random_email()
        self.link_for(agency, one)

        answer = agency.owner.at.patch(f"{USERS}/{one.id}", {"email": new.upper()})

        assert answer.json()["email"] == new
        assert user_row(agency, one.id).email_verified_at is None
        with tenant_context(agency.ref):
            assert not MailLink.objects.filter(user=one.id, used_at=None).exists()
        assert audit_actions(agency, one.id) == ["user.address_changed"]
        assert one.at.get("/api/users/me").json()["email"] == new
        assert "was changed" in mailbox.wait_for(one.email, subject="e-mail address").subject

    def link_for(self, agency: Agency, one: Person) -> None:
        with tenant_context(agency.ref):
            MailLink.objects.create(
                purpose="reset",
                hash=secrets.token_bytes(32),
                user_id=one.id,
                email=one.email,
                expires_at="2099-01-01T00:00:00Z",
            )

    def test_taken_address_is_a_conflict(self, agency: Agency):
        person_id = insert_user_row(agency)

        answer = agency.owner.at.patch(
            f"{USERS}/{person_id}", {"email": agency.owner.email.title(), "first_name": "x"}
        )

        assert status_and_code(answer) == (409, "email_taken")
        assert user_row(agency, person_id).first_name == ""
        assert audit_actions(agency, person_id) == []

    def test_address_change_needs_recent_authentication(self, agency: Agency):
        admin = user_with_session(agency, "admin", proved_days_ago=1)
        person_id = insert_user_row(agency)
        path = f"{USERS}/{person_id}"

        assert status_and_code(admin.at.patch(path, {"email": random_email()})) == (
            403,
            "proof_required",
        )
        assert admin.at.patch(path, {"first_name": "x"}).status_code == 200


class TestKeys:
    """An API key acts as its user, but never on owners."""

    def test_owners_api_key_changes_no_owners(self, agency: Agency):
        with tenant_context(agency.ref):
            user = User.objects.get(pk=agency.owner.id)
            key = issue_api_key(name="k", scopes=["users:read", "users:write"], actor=user).text
        by_key = agency.host.with_token(key)
        other = insert_user_row(agency, "owner")

        assert by_key.post(USERS, {"email": random_email()}).status_code == 201
        assert by_key.post(USERS, {"email": random_email(), "role": "admin"}).status_code == 403
        assert by_key.post(USERS, {"email": random_email(), "role": "owner"}).status_code == 403
        assert (
            by_key.patch(f"{USERS}/{insert_user_row(agency)}", {"role": "owner"}).status_code == 403
        )
        assert by_key.patch(f"{USERS}/{other}", {"role": "member"}).status_code == 403
        assert by_key.delete(f"{USERS}/{other}").status_code == 403
        assert by_key.delete(f"{USERS}/{agency.owner.id}").status_code == 403
        answer = by_key.patch(f"{USERS}/{insert_user_row(agency)}", {"email": random_email()})
        assert status_and_code(answer) == (403, "proof_required")
        assert by_key.post("/api/tenant/transfer", {"user_id": other}).status_code == 403
        assert by_key.post(f"{USERS}/{other}/erase").status_code == 403
