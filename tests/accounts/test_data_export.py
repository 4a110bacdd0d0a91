"""Export of all personal data of one user."""

import itertools
import json

import pytest

from accounts.models import Session
from accounts.users.data_export import BATCH_SIZE
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.accounts.api_keys import new_api_key_text
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import audit_actions, insert_user_row, user_row, user_with_session
from tests.support.factories import Agency, Person

EXPORT = "/api/users/me/export"
PARTS = (
    "exported_at profile sessions second_factors api_keys invitations mailed_links events "
    "files uploads shares"
)


def test_export_is_complete(agency: Agency, dora: Person):
    key = new_api_key_text(agency, dora)
    answer = dora.at.get(EXPORT)
    body = answer.json()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(body) == set(PARTS.split())
    assert (body["profile"]["id"], body["profile"]["email"]) == (dora.id, dora.email)
    assert [session["ip"] for session in body["sessions"]] == ["127.0.0.1"]
    assert [row["scopes"] for row in body["api_keys"]] == [["files:read"]]
    assert [row["email"] for row in body["invitations"]] == ["friend@people.test"]
    assert [row["purpose"] for row in body["mailed_links"]] == ["reset"]
    assert [row["name"] for row in body["files"]] == ["dora's plan.txt"]
    actions = [event["action"] for event in body["events"]]
    assert actions[0] == "session.started"
    assert {"file.uploaded", "api_key.created", "user.exported"} <= set(actions)
    assert key not in answer.text


def test_export_holds_no_secret(agency: Agency, dora: Person):
    password = user_row(agency, dora.id).password
    with tenant_context(agency.ref):
        [session] = Session.objects.filter(user=dora.id)
        secrets = [password, bytes(session.token_hash).hex(), "1" * 32]
    text = dora.at.get(EXPORT).text

    for word in [*secrets, dora.access_token, dora.refresh_token, "hash", "sealed", "password_"]:
        assert word not in text, word
    assert '"password"' not in text


def test_export_holds_no_data_of_other_users(agency: Agency, dora: Person):
    """Ada renames Dora from her own address; Dora renames Ben."""
    ben = insert_user_row(agency, email="ben@people.test", first_name="Benedikt")
    agency.owner.at.patch(
        f"/api/users/{dora.id}", {"first_name": "Dorothea"}, headers={"User-Agent": "ada's browser"}
    )
    dora.at.patch(f"/api/users/{ben}", {"last_name": "Renamed"}, headers={"User-Agent": "dora's"})

    answer = dora.at.get(EXPORT)
    events = [e for e in answer.json()["events"] if e["action"] == "user.updated"]

    done_to_me, done_by_me = events
    assert (done_to_me["actor"], done_to_me["ip"], done_to_me["user_agent"]) == ("user", None, "")
    assert done_to_me["target_label"] == dora.email
    assert done_by_me["actor"] == "you"
    assert (done_by_me["user_agent"], done_by_me["ip"]) == ("dora's", "127.0.0.1")
    assert (done_by_me["target_id"], done_by_me["target_label"]) == (ben, "")
    for word in (agency.owner.email, "ada's browser", "ben@people.test", "Benedikt"):
        assert word not in answer.text


def test_export_of_several_batches_is_complete(agency: Agency):
    one = user_with_session(agency)
    many = 2 * BATCH_SIZE + 3
    who = {"action": "test.event", "actor_type": "user", "actor_id": one.id}
    with tenant_context(agency.ref):
        AuditEvent.objects.bulk_create(
            AuditEvent(**who, target_type="thing", target_id=str(number)) for number in range(many)
        )

    events = one.at.get(EXPORT).json()["events"]

    numbers = [int(e["target_id"]) for e in events if e["action"] == "test.event"]
    assert sorted(numbers) == list(range(many))


def test_export_of_a_new_user_is_valid(agency: Agency):
    body = user_with_session(agency).at.get(EXPORT).json()

    assert (body["files"], body["api_keys"], body["invitations"]) == ([], [], [])


def test_export_is_audited(agency: Agency):
    one = user_with_session(agency)

    agency.owner.at.get(f"/api/users/{one.id}/export")
    one.at.get(EXPORT)

    with tenant_context(agency.ref):
        events = AuditEvent.objects.filter(action="user.exported", target_id=one.id)
        assert [e.actor_id for e in events.order_by("at")] == [agency.owner.id, one.id]


ROLES = ("owner", "admin", "member")
MAY_EXPORT = {("owner", role) for role in ROLES} | {("admin", "admin"), ("admin", "member")}


@pytest.mark.parametrize(("actor", "role"), list(itertools.product(ROLES, ROLES)))
def test_export_permissions_follow_roles(agency: Agency, actor: str, role: str):
    caller, other = user_with_session(agency, actor), insert_user_row(agency, role)

    answer = caller.at.get(f"/api/users/{other}/export")

    if (actor, role) in MAY_EXPORT:
        assert answer.json()["profile"]["id"] == other
    else:
        assert status_and_code(answer) == (403, "permission_denied")
        assert audit_actions(agency, other) == []
    assert caller.at.get(EXPORT).json()["profile"]["id"] == caller.id


def test_export_by_api_key_is_refused(agency: Agency, dora: Person):
    by_key = agency.host.with_token(new_api_key_text(agency, dora))

    for path in (EXPORT, f"/api/users/{dora.id}/export"):
        assert status_and_code(by_key.get(path)) == (403, "insufficient_scope")


def test_export_of_another_tenants_user_is_not_found(agency: Agency, globex: Agency):
    answer = agency.owner.at.get(f"/api/users/{globex.owner.id}/export")

    assert status_and_code(answer) == (404, "not_found")
    assert json.dumps(globex.owner.email) not in answer.text


def test_exports_are_rate_limited_per_user(agency: Agency):
    one, another = user_with_session(agency), user_with_session(agency)
    statuses = [one.at.get(EXPORT).status_code for _ in range(21)]

    assert statuses == [200] * 20 + [429]
    assert another.at.get(EXPORT).status_code == 200
