"""People of a workspace: listed, added, looked at and changed by those who manage them."""

import secrets
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.keys import make_key
from accounts.models import Letter, MailLink, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.accounts.bodies import faults, refusal
from tests.accounts.people import address, logged_in, row, somebody, trail
from tests.cast import Agency, Person, found_agency
from tests.files.test_listing import walk
from tests.mailbox import Mailbox
from tests.site import PASSWORD

USERS = "/api/users"
FIELDS = "id email first_name last_name role is_active created_at updated_at"


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    """One agency for all tests here that add people and do not count them."""
    return found_agency(site, f"p{secrets.token_hex(5)}")


def emails(answer) -> list[str]:
    return [user["email"] for user in answer.json()["results"]]


class TestAdding:
    def test_with_a_password(self, agency: Agency):
        email = address()
        body = {"email": email, "first_name": "Älva", "password": PASSWORD, "role": "admin"}

        answer = agency.owner.at.post(USERS, body)
        made = answer.json()

        assert answer.status_code == 201, answer.text
        assert set(made) == set(FIELDS.split())
        assert answer.headers["Location"] == f"{USERS}/{made['id']}"
        shown = agency.owner.at.get(answer.headers["Location"])
        assert (shown.json(), shown.headers["ETag"]) == (made, answer.headers["ETag"])
        log_in = agency.host.post("/api/auth/login", {"email": email, "password": PASSWORD})
        assert log_in.json()["user"] == made
        with tenant_context(agency.ref):
            assert not Letter.objects.filter(recipient=email).exists()
            event = AuditEvent.objects.get(action="user.created", target_id=made["id"])
        assert (event.actor_id, event.target_label) == (agency.owner.id, email)
        assert event.details == {"role": "admin", "is_active": True}

    def test_without_one_they_are_mailed_a_link(self, agency: Agency, mailbox: Mailbox):
        email = address()
        made = agency.owner.at.post(USERS, {"email": email}).json()
        login = {"email": email, "password": "!"}
        assert agency.host.post("/api/auth/login", login).status_code == 401

        mail = mailbox.wait_for(email, subject="Your account")
        body = {"token": mail.token, "password": "a long new passphrase"}
        assert agency.host.post("/api/auth/password/reset", body).status_code == 204

        login["password"] = body["password"]
        assert agency.host.post("/api/auth/login", login).json()["user"]["id"] == made["id"]

    def test_an_inactive_person_stays_outside(self, agency: Agency):
        email = address()
        body = {"email": email, "password": PASSWORD, "is_active": False}

        assert agency.owner.at.post(USERS, body).json()["is_active"] is False
        login = {"email": email, "password": PASSWORD}
        assert refusal(agency.host.post("/api/auth/login", login)) == (401, "invalid_credentials")

    @pytest.mark.parametrize(
        "twin",
        [str.lower, str.upper, str.title, " {} ".format, lambda text: text.replace("k", "\u212a")],
    )
    def test_an_address_is_unique_without_case(self, agency: Agency, twin: Callable[[str], str]):
        email = f"kik{address()}"
        assert agency.owner.at.post(USERS, {"email": email}).status_code == 201

        answer = agency.owner.at.post(USERS, {"email": twin(email)})

        assert refusal(answer) == (409, "email_taken")
        assert [fault["field"] for fault in answer.json()["errors"]] == ["email"]

    # Letters that Python's or PostgreSQL's idea of case makes into an ASCII one, or that look it.
    @pytest.mark.parametrize("letter", ["\u017f", "\u0130", "\u0131", "\uff41", "\u0430"])
    def test_no_look_alike_of_an_address(self, agency: Agency, letter: str):
        answer = agency.owner.at.post(USERS, {"email": f"{letter}{address()}"})

        assert {field for field, _ in faults(answer)} == {"email"}

    def test_of_many_at_once_one_is_made(self, agency: Agency):
        email = address()

        def add(number: int) -> int:
            body = {"email": email.upper() if number % 2 else email, "password": PASSWORD}
            return agency.owner.at.post(USERS, body).status_code

        with ThreadPoolExecutor(6) as pool:
            assert sorted(pool.map(add, range(6))) == [201] + [409] * 5
        with tenant_context(agency.ref):
            [made] = User.objects.filter(email=email)
        assert trail(agency, str(made.id)) == ["user.created"]

    def test_a_repeated_request_adds_nobody(self, agency: Agency):
        headers = {"Idempotency-Key": secrets.token_hex(8)}
        body = {"email": address()}
        first = agency.owner.at.post(USERS, body, headers=headers)

        again = agency.owner.at.post(USERS, body, headers=headers)

        assert (again.status_code, again.json()) == (201, first.json())
        assert again.headers["Location"] == first.headers["Location"]
        other = agency.owner.at.post(USERS, {"email": address()}, headers=headers)
        assert refusal(other) == (409, "idempotency_conflict")

    def test_fields_that_are_not_for_the_caller_are_ignored(self, agency: Agency):
        chosen = {"id": str(uuid.uuid4()), "created_at": "2001-01-01T00:00:00Z", "removed_at": "x"}
        extra = {"email_verified_at": "2001-01-01T00:00:00Z", "is_superuser": True, "tenant": "x"}

        made = agency.owner.at.post(USERS, {"email": address(), **chosen, **extra}).json()

        assert made["id"] != chosen["id"]
        assert made["created_at"] > "2026"
        assert row(agency, made["id"]).email_verified_at is None

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
            ("first_name", "\ud800"),
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
    def test_a_wrong_field_is_named(self, agency: Agency, field: str, value: object):
        answer = agency.owner.at.post(USERS, {"email": address(), field: value})

        assert {name for name, _ in faults(answer)} == {field}

    def test_a_password_like_the_address_is_refused(self, agency: Agency):
        body = {"email": "ferdinanda@people.test", "password": "ferdinanda1"}

        assert {field for field, _ in faults(agency.owner.at.post(USERS, body))} == {"password"}

    @pytest.mark.parametrize("body", [[], "x", 7, None])
    def test_what_is_no_object(self, agency: Agency, body: object):
        assert agency.owner.at.post(USERS, body).status_code == 400

    def test_every_name_that_fits_is_kept_as_it_is(self, agency: Agency):
        name = "Zoë 🦊 O'Brien-李 \u202eabc".ljust(100, "x")

        made = agency.owner.at.post(USERS, {"email": address(), "first_name": name}).json()

        assert made["first_name"] == name


class TestListing:
    @pytest.fixture(scope="class")
    def crowd(self, site) -> Agency:
        crowd = found_agency(site, f"c{secrets.token_hex(5)}")
        with tenant_context(crowd.ref):
            User.objects.bulk_create(
                User(
                    email=f"n{number:03}@crowd.test",
                    password="!",
                    first_name=f"Zoë{number}" if number < 20 else "Ann",
                    last_name="Tester",
                    role="admin" if number % 50 == 0 else "member",
                    is_active=number % 100 != 1,
                )
                for number in range(300)
            )
        return crowd

    @pytest.mark.parametrize("ordering", ["created_at", "-created_at", "email", "-email", ""])
    def test_everybody_comes_once_both_ways(self, crowd: Agency, ordering: str):
        pages = walk(crowd.owner.at, f"{USERS}?ordering={ordering}&limit=70")
        last = pages[-2]["next"]
        back = walk(crowd.owner.at, last[last.index("/api/") :], "previous")

        forwards = [user["email"] for page in pages for user in page["results"]]
        backwards = [user["email"] for page in reversed(back) for user in page["results"]]
        assert len(forwards) == len(set(forwards)) == 301
        assert backwards == forwards
        if "email" in ordering:
            assert forwards == sorted(forwards, reverse=ordering.startswith("-"))

    @pytest.mark.parametrize(
        ("query", "count"),
        [
            ("role=admin", 6),
            ("role=owner", 1),
            ("is_active=false", 3),
            ("is_active=true&role=admin", 6),
            ("search=N00", 10),
            ("search=zoë1", 11),
            ("search=ZOË", 20),
            ("search=ann%20TEST", 280),
            ("search=%25", 0),
            ("search=_", 0),
            ("search=n001&is_active=false", 1),
        ],
    )
    def test_what_is_found(self, crowd: Agency, query: str, count: int):
        pages = walk(crowd.owner.at, f"{USERS}?{query}&limit=200")

        assert sum(len(page["results"]) for page in pages) == count

    @pytest.mark.parametrize(
        ("query", "field"),
        [
            ("role=root", "role"),
            ("is_active=yes", "is_active"),
            ("is_active=True", "is_active"),
            ("ordering=role", "ordering"),
            ("ordering=--email", "ordering"),
            ("ordering=password", "ordering"),
            ("search=%00", "search"),
            ("search=" + "x" * 256, "search"),
            ("limit=0", "limit"),
        ],
    )
    def test_a_bad_query_is_named(self, crowd: Agency, query: str, field: str):
        assert {name for name, _ in faults(crowd.owner.at.get(f"{USERS}?{query}"))} == {field}

    def test_another_workspace_is_not_in_it(self, crowd: Agency, agency: Agency, globex: Agency):
        assert globex.owner.email not in crowd.owner.at.get(f"{USERS}?search=globex").text
        path = f"{USERS}/{globex.owner.id}"
        assert refusal(crowd.owner.at.get(path)) == (404, "not_found")
        assert refusal(crowd.owner.at.delete(path)) == (404, "not_found")
        assert globex.owner.at.get("/api/users/me").status_code == 200


class TestChanging:
    def test_some_fields_and_not_others(self, agency: Agency):
        person_id = somebody(agency, first_name="A", last_name="B")
        path = f"{USERS}/{person_id}"
        before = agency.owner.at.get(path)

        answer = agency.owner.at.patch(path, {"last_name": "C", "id": "x", "created_at": None})

        assert answer.status_code == 200, answer.text
        expected = {**before.json(), "last_name": "C", "updated_at": answer.json()["updated_at"]}
        assert answer.json() == expected
        assert answer.headers["ETag"] != before.headers["ETag"]
        assert trail(agency, person_id) == ["user.updated"]

    def test_nothing_changed_is_nothing_done(self, agency: Agency):
        person_id = somebody(agency, first_name="A")
        before = agency.owner.at.get(f"{USERS}/{person_id}")

        same = {"first_name": "A", "role": "member", "is_active": True}
        for body in ({}, same, {"email": before.json()["email"].upper()}):
            answer = agency.owner.at.patch(f"{USERS}/{person_id}", body)
            assert (answer.status_code, answer.json()) == (200, before.json())
        assert trail(agency, person_id) == []

    def test_entity_tags(self, agency: Agency):
        path = f"{USERS}/{somebody(agency)}"
        tag = agency.owner.at.get(path).headers["ETag"]

        assert agency.owner.at.get(path, headers={"If-None-Match": tag}).status_code == 304
        first = agency.owner.at.patch(path, {"first_name": "1"}, headers={"If-Match": tag})
        second = agency.owner.at.patch(path, {"first_name": "2"}, headers={"If-Match": tag})
        assert first.status_code == 200
        assert refusal(second) == (412, "precondition_failed")
        assert agency.owner.at.get(path).json()["first_name"] == "1"

    def test_of_many_with_one_tag_one_wins(self, agency: Agency):
        path = f"{USERS}/{somebody(agency)}"
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
    def test_a_wrong_field_is_named(self, agency: Agency, field: str, value: object):
        person_id = somebody(agency)
        answer = agency.owner.at.patch(f"{USERS}/{person_id}", {field: value, "last_name": "kept?"})

        assert {name for name, _ in faults(answer)} == {field}
        assert row(agency, person_id).last_name == ""

    def test_a_change_of_ones_own_profile_does_not_raise_anybody(self, agency: Agency):
        one = logged_in(agency)
        before = one.at.get("/api/users/me").json()
        wish = {"role": "owner", "is_active": False, "email": address(), "id": agency.owner.id}

        for method in ("PATCH", "PUT"):
            body = {"first_name": method, "last_name": "", **wish}
            after = one.at.request(method, "/api/users/me", json=body).json()
            changed = {name for name in before if before[name] != after[name]}
            assert changed <= {"first_name", "updated_at"}
        assert trail(agency, one.id) == ["user.updated", "user.updated"]


class TestAddress:
    def test_it_is_another_ones_address_then(self, agency: Agency, mailbox: Mailbox):
        one = logged_in(agency, email_verified_at="2026-01-01T00:00:00Z")
        new = address()
        self.link_for(agency, one)

        answer = agency.owner.at.patch(f"{USERS}/{one.id}", {"email": new.upper()})

        assert answer.json()["email"] == new
        assert row(agency, one.id).email_verified_at is None
        with tenant_context(agency.ref):
            assert not MailLink.objects.filter(user=one.id, used_at=None).exists()
        assert trail(agency, one.id) == ["user.address_changed"]
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

    def test_a_known_one_is_taken(self, agency: Agency):
        person_id = somebody(agency)

        answer = agency.owner.at.patch(
            f"{USERS}/{person_id}", {"email": agency.owner.email.title(), "first_name": "x"}
        )

        assert refusal(answer) == (409, "email_taken")
        assert row(agency, person_id).first_name == ""
        assert trail(agency, person_id) == []

    def test_a_recent_proof_is_needed(self, agency: Agency):
        admin = logged_in(agency, "admin", proved_hours_ago=1)
        person_id = somebody(agency)
        path = f"{USERS}/{person_id}"

        assert refusal(admin.at.patch(path, {"email": address()})) == (403, "proof_required")
        assert admin.at.patch(path, {"first_name": "x"}).status_code == 200


class TestKeys:
    """An API key acts as its person, but never on owners."""

    def test_an_owners_key_makes_and_unmakes_no_owners(self, agency: Agency):
        with tenant_context(agency.ref):
            user = User.objects.get(pk=agency.owner.id)
            key = make_key(name="k", scopes=["users:read", "users:write"], actor=user).text
        by_key = agency.host.with_token(key)
        other = somebody(agency, "owner")

        assert by_key.post(USERS, {"email": address(), "role": "admin"}).status_code == 201
        assert by_key.post(USERS, {"email": address(), "role": "owner"}).status_code == 403
        assert by_key.patch(f"{USERS}/{somebody(agency)}", {"role": "owner"}).status_code == 403
        assert by_key.patch(f"{USERS}/{other}", {"role": "member"}).status_code == 403
        assert by_key.delete(f"{USERS}/{other}").status_code == 403
        answer = by_key.patch(f"{USERS}/{somebody(agency)}", {"email": address()})
        assert refusal(answer) == (403, "proof_required")
        assert by_key.post("/api/tenant/transfer", {"user_id": other}).status_code == 403
        assert by_key.post(f"{USERS}/{other}/erase").status_code == 403
