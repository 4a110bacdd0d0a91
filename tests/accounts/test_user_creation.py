"""Creation of users by managers."""

import json
import secrets
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import Letter, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.accounts.users import audit_actions, random_email, user_row
from tests.support.factories import Agency, create_agency
from tests.support.http_client import PASSWORD
from tests.support.mailbox import Mailbox

USERS = "/api/users"
FIELDS = "id email first_name last_name role is_active created_at updated_at"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    """One agency for all tests that add users without counting them."""
    return create_agency(site, f"p{secrets.token_hex(5)}")


class TestAdding:
    def test_emails_for_repeated_additions_are_rate_limited(self, agency: Agency):
        body = {"email": random_email()}
        for _ in range(3):
            made = agency.owner.at.post(USERS, body).json()
            assert agency.owner.at.delete(f"{USERS}/{made['id']}").status_code == 204

        assert status_and_code(agency.owner.at.post(USERS, body)) == (429, "rate_limited")
        assert status_and_code(agency.owner.at.post("/api/invitations", body)) == (
            429,
            "rate_limited",
        )
        given = {**body, "password": PASSWORD}
        assert agency.owner.at.post(USERS, given).status_code == 201

    def test_user_added_with_password_can_log_in(self, agency: Agency):
        email = random_email()
        body = {"email": email, "first_name": "Älva", "password": PASSWORD, "role": "admin"}

        answer = agency.owner.at.post(USERS, body)
        made = answer.json()

        assert answer.status_code == 201, answer.text
        assert set(made) == set(FIELDS.split())
        assert answer.headers["Location"] == f"{USERS}/{made['id']}"
        shown = agency.owner.at.get(answer.headers["Location"])
        assert (shown.json(), shown.headers["ETag"]) == (made, answer.headers["ETag"])
        log_in = agency.host.post("/api/auth/login", {"email": email, "password": PASSWORD})
        own = {"language": "", "time_zone": "", "password_change_required": True}
        assert log_in.json()["user"] == {**made, **own}
        with tenant_context(agency.ref):
            assert not Letter.objects.filter(recipient=email).exists()
            event = AuditEvent.objects.get(action="user.created", target_id=made["id"])
        assert (event.actor_id, event.target_label) == (agency.owner.id, email)
        assert event.details == {"role": "admin", "is_active": True}

    def test_user_added_without_password_gets_a_link(self, agency: Agency, mailbox: Mailbox):
        email = random_email()
        made = agency.owner.at.post(USERS, {"email": email}).json()
        login = {"email": email, "password": "!"}
        assert agency.host.post("/api/auth/login", login).status_code == 401

        mail = mailbox.wait_for(email, subject="Your account")
        body = {"token": mail.token, "password": "a long new passphrase"}
        assert agency.host.post("/api/auth/password/reset", body).status_code == 204

        login["password"] = body["password"]
        assert agency.host.post("/api/auth/login", login).json()["user"]["id"] == made["id"]

    def test_user_added_inactive_gets_the_link_on_activation(
        self, agency: Agency, mailbox: Mailbox
    ):
        email = random_email()
        made = agency.owner.at.post(USERS, {"email": email, "is_active": False}).json()
        with tenant_context(agency.ref):
            assert not Letter.objects.filter(recipient=email).exists()

        agency.owner.at.patch(f"{USERS}/{made['id']}", {"is_active": True})

        mail = mailbox.wait_for(email, subject="Your account")
        body = {"token": mail.token, "password": "a long new passphrase"}
        assert agency.host.post("/api/auth/password/reset", body).status_code == 204
        for active in (False, True):  # with a password there is nothing to be mailed
            agency.owner.at.patch(f"{USERS}/{made['id']}", {"is_active": active})
        with tenant_context(agency.ref):
            assert not Letter.objects.filter(recipient=email, kind="account_created").exists()

    def test_user_added_inactive_cannot_log_in(self, agency: Agency):
        email = random_email()
        body = {"email": email, "password": PASSWORD, "is_active": False}

        assert agency.owner.at.post(USERS, body).json()["is_active"] is False
        login = {"email": email, "password": PASSWORD}
        assert status_and_code(agency.host.post("/api/auth/login", login)) == (
            401,
            "invalid_credentials",
        )

    @pytest.mark.parametrize(
        "twin",
        [str.lower, str.upper, str.title, " {} ".format, lambda text: text.replace("k", "\u212a")],
    )
    def test_address_is_unique_ignoring_case(self, agency: Agency, twin: Callable[[str], str]):
        email = f"kik{random_email()}"
        assert agency.owner.at.post(USERS, {"email": email}).status_code == 201

        answer = agency.owner.at.post(USERS, {"email": twin(email)})

        assert status_and_code(answer) == (409, "email_taken")
        assert [fault["field"] for fault in answer.json()["errors"]] == ["email"]

    # Characters that case mapping in Python or PostgreSQL turns into ASCII, and look-alikes.
    @pytest.mark.parametrize("letter", ["\u017f", "\u0130", "\u0131", "\uff41", "\u0430"])
    def test_look_alike_address_is_refused(self, agency: Agency, letter: str):
        answer = agency.owner.at.post(USERS, {"email": f"{letter}{random_email()}"})

        assert {field for field, _ in field_errors(answer)} == {"email"}

    def test_concurrent_additions_create_one_user(self, agency: Agency):
        email = random_email()

        def add(number: int) -> int:
            body = {"email": email.upper() if number % 2 else email}
            return agency.owner.at.post(USERS, body).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(add, range(6))) == [201] + [409] * 5
        with tenant_context(agency.ref):
            [made] = User.objects.filter(email=email)
        assert audit_actions(agency, str(made.id)) == ["user.created"]

    def test_repeated_request_adds_no_user(self, agency: Agency):
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        body = {"email": random_email()}
        first = agency.owner.at.post(USERS, body, headers=headers)

        again = agency.owner.at.post(USERS, body, headers=headers)

        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["Location"] == first.headers["Location"]
        other = agency.owner.at.post(USERS, {"email": random_email()}, headers=headers)
        assert status_and_code(other) == (409, "idempotency_conflict")

    def test_read_only_fields_are_ignored(self, agency: Agency):
        chosen = {"id": str(uuid.uuid4()), "created_at": "2001-01-01T00:00:00Z", "removed_at": "x"}
        extra = {"email_verified_at": "2001-01-01T00:00:00Z", "is_superuser": True, "tenant": "x"}

        made = agency.owner.at.post(USERS, {"email": random_email(), **chosen, **extra}).json()

        assert made["id"] != chosen["id"]
        assert made["created_at"] > "2026"
        assert user_row(agency, made["id"]).email_verified_at is None

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", ""),
            ("email", "x"),
            ("email", None),
            ("email", "a\0b@x.test"),
            ("email", "a" * 250 + "@x.test"),
            ("email", {"a": 1}),
            ("first_name", "x" * 101),
            ("first_name", "a\0b"),
            ("last_name", ["x"]),
            ("role", "root"),
            ("role", "OWNER"),
            ("role", None),
            ("is_active", "yes"),
            ("is_active", 1),
            ("is_active", None),
            ("password", "short"),
            ("password", "password12345"[:8]),
            ("password", "x" * 257),
        ],
    )
    def test_invalid_field_is_named(self, agency: Agency, field: str, value: object):
        answer = agency.owner.at.post(USERS, {"email": random_email(), field: value})

        assert {name for name, _ in field_errors(answer)} == {field}

    def test_lone_surrogate_is_refused(self, agency: Agency):
        body = json.dumps({"email": random_email(), "first_name": "\ud800"})
        headers = {"Content-Type": "application/json"}

        answer = agency.owner.at.request("POST", USERS, content=body, headers=headers)

        assert {name for name, _ in field_errors(answer)} == {"first_name"}

    def test_password_similar_to_the_address_is_refused(self, agency: Agency):
        body = {"email": "ferdinanda@people.test", "password": "ferdinanda1"}

        assert {field for field, _ in field_errors(agency.owner.at.post(USERS, body))} == {
            "password"
        }

    @pytest.mark.parametrize("body", [[], "x", 7, None])
    def test_body_that_is_no_object_is_refused(self, agency: Agency, body: object):
        assert agency.owner.at.post(USERS, body).status_code == 400

    def test_valid_names_are_stored_unchanged(self, agency: Agency):
        name = "Zoë 🦊 O'Brien-李 abc".ljust(100, "x")

        made = agency.owner.at.post(USERS, {"email": random_email(), "first_name": name}).json()

        assert made["first_name"] == name
