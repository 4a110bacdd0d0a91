"""Removal of a user: credentials are invalid and the address is free at once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.email.outbox import enqueue_email
from accounts.models import (
    ApiKey,
    Authenticator,
    Invitation,
    Letter,
    MailLink,
    RecoveryCode,
    Session,
    User,
)
from tenants.context import tenant_context
from tests.support.accounts.api_keys import new_api_key_text
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import audit_actions, insert_user_row, user_row, user_with_session
from tests.support.factories import Agency, Person, add_member
from tests.support.files.form_uploads import add_file
from tests.support.http_client import PASSWORD

SOON = timedelta(days=1)


@pytest.fixture
def dora(agency: Agency) -> Person:
    """An administrator with a password and one of everything that a user can have."""
    dora = add_member(agency, "dora@people.test", "admin")
    with tenant_context(agency.ref):
        user = User.objects.get(pk=dora.id)
        link = {"purpose": "reset", "email": user.email, "expires_at": timezone.now() + SOON}
        MailLink.objects.create(hash=b"1" * 32, user=user, **link)
        MailLink.objects.create(hash=b"2" * 32, **link)
        Authenticator.objects.create(user=user, sealed_secret="x")
        RecoveryCode.objects.create(user=user, hash=b"3" * 32)
        for number, email in enumerate(["friend@people.test", user.email]):
            Invitation.objects.create(
                email=email,
                invited_by=user,
                hash=bytes([number]) * 32,
                expires_at=link["expires_at"],
            )
        enqueue_email("password_changed", to=user.email, user=dora.id)
    return dora


def test_removed_users_credentials_are_invalid(agency: Agency, dora: Person):
    by_key = agency.host.with_token(new_api_key_text(agency, dora))
    assert by_key.get("/api/files").status_code == 200

    answer = agency.owner.at.delete(f"/api/users/{dora.id}")

    assert (answer.status_code, answer.content) == (204, b"")
    for at, path in [(dora.at, "/api/users/me"), (dora.at, "/api/users"), (by_key, "/api/files")]:
        assert status_and_code(at.get(path)) == (401, "token_invalid")
    refresh = agency.host.post("/api/auth/refresh", {"refresh_token": dora.refresh_token})
    assert status_and_code(refresh) == (401, "token_invalid")
    log_in = {"email": dora.email, "password": PASSWORD}
    assert status_and_code(agency.host.post("/api/auth/login", log_in)) == (
        401,
        "invalid_credentials",
    )


def test_removed_user_is_not_found(agency: Agency, dora: Person):
    agency.owner.at.delete(f"/api/users/{dora.id}")

    path = f"/api/users/{dora.id}"
    for method in ("GET", "PATCH", "DELETE"):
        body = {"is_active": True} if method == "PATCH" else None
        answer = agency.owner.at.request(method, path, json=body)
        assert status_and_code(answer) == (404, "not_found")
    assert status_and_code(agency.owner.at.get(f"{path}/export")) == (404, "not_found")
    listed = agency.owner.at.get("/api/users").json()["results"]
    assert [user["id"] for user in listed] == [agency.owner.id]
    assert user_row(agency, dora.id).is_active is False


def test_removed_row_is_anonymised(agency: Agency, dora: Person):
    agency.owner.at.delete(f"/api/users/{dora.id}")

    left = user_row(agency, dora.id)
    assert left.email == f"removed-{dora.id}@removed.invalid"
    assert (left.first_name, left.last_name, left.role) == ("", "", "member")
    assert not left.is_active
    assert left.password.startswith("!")
    assert left.removed_at is not None
    with tenant_context(agency.ref):
        for model in (ApiKey, Authenticator, MailLink, RecoveryCode, Session):
            assert not model.objects.filter(user=dora.id).exists(), model
        assert not MailLink.objects.filter(email=dora.email).exists()
        assert not Letter.objects.filter(recipient=dora.email).exists()
        [sent] = Invitation.objects.all()
    assert (sent.email, sent.revoked_at is None) == ("friend@people.test", False)
    assert audit_actions(agency, dora.id)[-1] == "user.removed"


def test_removed_users_address_is_free_at_once(agency: Agency, dora: Person):
    agency.owner.at.delete(f"/api/users/{dora.id}")

    answer = agency.owner.at.post("/api/users", {"email": dora.email, "password": PASSWORD})

    assert answer.status_code == 201, answer.text
    assert answer.json()["id"] != dora.id
    log_in = agency.host.post("/api/auth/login", {"email": dora.email, "password": PASSWORD})
    assert log_in.json()["user"]["id"] == answer.json()["id"]


def test_removed_users_files_stay(agency: Agency):
    eva = user_with_session(agency)
    file = add_file(eva.at, "plan.txt", b"a plan")

    agency.owner.at.delete(f"/api/users/{eva.id}")

    kept = agency.owner.at.get(f"/api/files/{file['id']}")
    assert (kept.status_code, kept.json()["owner"]) == (200, eva.id)
    assert agency.owner.at.get(f"/api/files/{file['id']}/content").content == b"a plan"


def test_administrator_can_remove_themselves(agency: Agency):
    admin = user_with_session(agency, "admin")

    assert admin.at.delete(f"/api/users/{admin.id}").status_code == 204
    assert status_and_code(admin.at.get("/api/users/me")) == (401, "token_invalid")


def test_removal_with_stale_etag_is_refused(agency: Agency):
    person_id = insert_user_row(agency)
    path = f"/api/users/{person_id}"
    tag = agency.owner.at.get(path).headers["ETag"]
    agency.owner.at.patch(path, {"first_name": "Other"})

    refused = agency.owner.at.delete(path, headers={"If-Match": tag})

    assert status_and_code(refused) == (412, "precondition_failed")
    assert user_row(agency, person_id).removed_at is None
    tag = agency.owner.at.get(path).headers["ETag"]
    assert agency.owner.at.delete(path, headers={"If-Match": tag}).status_code == 204


class TestDeactivation:
    def test_reactivation_restores_only_the_account(self, agency: Agency, dora: Person):
        by_key = agency.host.with_token(new_api_key_text(agency, dora))
        path = f"/api/users/{dora.id}"

        assert agency.owner.at.patch(path, {"is_active": False}).json()["is_active"] is False

        self.assert_out(agency, dora, by_key)
        log_in = {"email": dora.email, "password": PASSWORD}
        answer = agency.host.post("/api/auth/login", log_in)
        assert status_and_code(answer) == (401, "invalid_credentials")

        assert agency.owner.at.patch(path, {"is_active": True}).json()["is_active"] is True

        self.assert_out(agency, dora, by_key)
        assert agency.host.post("/api/auth/login", log_in).status_code == 200
        happened = audit_actions(agency, dora.id)
        assert [a for a in happened if "activated" in a] == ["user.deactivated", "user.reactivated"]

    def assert_out(self, agency: Agency, person: Person, by_key) -> None:
        assert status_and_code(person.at.get("/api/users/me")) == (401, "token_invalid")
        assert status_and_code(by_key.get("/api/files")) == (401, "token_invalid")
        refresh = agency.host.post("/api/auth/refresh", {"refresh_token": person.refresh_token})
        assert status_and_code(refresh) == (401, "token_invalid")
        with tenant_context(agency.ref):
            ended = Session.objects.filter(user=person.id).values_list("end_reason", flat=True)
            assert set(ended) == {"revoked"}
            assert not ApiKey.objects.filter(user=person.id, revoked_at=None).exists()
            assert not MailLink.objects.filter(user=person.id, used_at=None).exists()
            open_ones = Invitation.objects.filter(invited_by=person.id, revoked_at=None)
            assert not open_ones.exists()

    def test_concurrent_log_in_does_not_survive_deactivation(self, agency: Agency):
        late = user_with_session(agency)
        with tenant_context(agency.ref):
            User.objects.filter(pk=late.id).update(is_active=False)

        agency.owner.at.patch(f"/api/users/{late.id}", {"is_active": True})

        assert status_and_code(late.at.get("/api/users/me")) == (401, "token_invalid")


def test_role_change_counts_from_the_next_request(agency: Agency):
    """Promotion and demotion with an existing token; a former manager's invitations are void."""
    one = user_with_session(agency)
    path = f"/api/users/{one.id}"
    assert one.at.get("/api/users").status_code == 403

    agency.owner.at.patch(path, {"role": "admin"})
    assert one.at.get("/api/users").status_code == 200
    with tenant_context(agency.ref):
        sent = Invitation.objects.create(
            email="f@people.test", invited_by_id=one.id, expires_at=timezone.now() + SOON
        )

    agency.owner.at.patch(path, {"role": "member"})
    assert status_and_code(one.at.get("/api/users")) == (403, "permission_denied")
    with tenant_context(agency.ref):
        assert Invitation.objects.get(pk=sent.pk).revoked_at is not None
    assert audit_actions(agency, one.id) == ["user.role_changed", "user.role_changed"]


def test_reserved_address_cannot_be_registered(agency: Agency, dora: Person):
    taken = {"email": f"Removed-{dora.id}@removed.invalid", "password": PASSWORD}
    assert status_and_code(agency.owner.at.post("/api/users", taken)) == (400, "validation_failed")
    assert agency.owner.at.delete(f"/api/users/{dora.id}").status_code == 204
