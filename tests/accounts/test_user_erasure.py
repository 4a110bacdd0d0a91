"""Erasure of a user: no personal data is left, and the audit trail stays readable."""

import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts.models import Session
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import audit_actions, insert_user_row, user_row, user_with_session
from tests.support.factories import Agency, Person


class TestErasure:
    @pytest.mark.parametrize("removed_before", [False, True])
    def test_erasure_leaves_no_personal_data(
        self, agency: Agency, dora: Person, removed_before: bool
    ):
        dora.at.patch("/api/users/me", {"first_name": "Dorothea"})
        agency.owner.at.patch(f"/api/users/{dora.id}", {"role": "member"})
        if removed_before:
            agency.owner.at.delete(f"/api/users/{dora.id}")
        before = audit_actions(agency, dora.id)

        answer = agency.owner.at.post(f"/api/users/{dora.id}/erase")

        assert answer.status_code == 204, answer.text
        assert status_and_code(dora.at.get("/api/users/me")) == (401, "token_invalid")
        with tenant_context(agency.ref):
            text = json.dumps(everything_kept(), default=str)
            done = AuditEvent.objects.filter(actor_id=dora.id)
            assert {(e.actor_label, e.ip, e.user_agent) for e in done} == {("", None, "")}
            assert {e.action for e in done} >= {"user.updated", "file.uploaded"}
        assert dora.email not in text
        assert "Dorothea" not in text
        assert audit_actions(agency, dora.id) == [*before, "person.erased"]
        assert user_row(agency, dora.id).removed_at is not None

    def test_erasure_keeps_events_of_other_users(self, agency: Agency, dora: Person):
        agency.owner.at.patch(f"/api/users/{dora.id}", {"role": "member"})

        agency.owner.at.post(f"/api/users/{dora.id}/erase")

        with tenant_context(agency.ref):
            event = AuditEvent.objects.get(action="user.role_changed")
            assert event.actor_label == agency.owner.email
            assert (event.target_id, event.target_label) == (dora.id, "")
            assert (event.details, event.ip) == (
                {"before": "admin", "after": "member"},
                "127.0.0.1",
            )

    def test_erasure_keeps_the_users_files(self, agency: Agency, dora: Person):
        [file] = dora.at.get("/api/files").json()["results"]

        agency.owner.at.post(f"/api/users/{dora.id}/erase")

        path = f"/api/files/{file['id']}/content"
        assert agency.owner.at.get(path).content == b"a plan"

    def test_second_erasure_changes_nothing(self, agency: Agency, dora: Person):
        for _ in range(2):
            assert agency.owner.at.post(f"/api/users/{dora.id}/erase").status_code == 204

    def test_owner_can_erase_themselves(self, agency: Agency):
        other = user_with_session(agency, "owner")

        assert other.at.post(f"/api/users/{other.id}/erase").status_code == 204
        with tenant_context(agency.ref):
            assert other.email not in json.dumps(everything_kept(), default=str)

    def test_last_owner_cannot_be_erased(self, agency: Agency):
        answer = agency.owner.at.post(f"/api/users/{agency.owner.id}/erase")

        assert status_and_code(answer) == (409, "last_owner")
        assert agency.owner.at.get("/api/users/me").json()["email"] == agency.owner.email

    @pytest.mark.parametrize("role", ["admin", "member"])
    def test_erasure_by_other_roles_is_refused(self, agency: Agency, role: str):
        caller, other = user_with_session(agency, role), insert_user_row(agency)

        answer = caller.at.post(f"/api/users/{other}/erase")

        assert status_and_code(answer) == (403, "permission_denied")
        assert user_row(agency, other).removed_at is None

    def test_erasure_needs_recent_authentication(self, agency: Agency):
        other = insert_user_row(agency)
        with tenant_context(agency.ref):
            Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

        answer = agency.owner.at.post(f"/api/users/{other}/erase")

        assert status_and_code(answer) == (403, "proof_required")

    def test_erasure_of_unknown_user_is_not_found(self, agency: Agency, globex: Agency):
        answer = agency.owner.at.post(f"/api/users/{globex.owner.id}/erase")

        assert status_and_code(answer) == (404, "not_found")
        assert globex.owner.at.get("/api/users/me").status_code == 200


def everything_kept() -> dict[str, list]:
    """Return every row of every table of the current tenant, as text."""
    models = [m for m in apps.get_models() if m._meta.app_label in ("accounts", "audit")]
    return {
        model._meta.label: list(model.objects.values())
        for model in models
        if model._meta.label != "audit.AuditLink"
    }
