"""Transfer of a tenant's ownership."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Invitation, Session
from tenants.context import tenant_context
from tests.support.accounts.tokens import field_errors, status_and_code
from tests.support.accounts.users import (
    active_owners,
    audit_actions,
    insert_user_row,
    user_row,
    user_with_session,
)
from tests.support.factories import Agency

TRANSFER = "/api/tenant/transfer"


@pytest.mark.parametrize("role", ["admin", "member", "owner"])
def test_transfer_swaps_owner_and_administrator(agency: Agency, role: str):
    heir = user_with_session(agency, role)

    answer = agency.owner.at.post(TRANSFER, {"user_id": heir.id})

    assert answer.status_code == 200, answer.text
    assert (answer.json()["id"], answer.json()["role"]) == (heir.id, "owner")
    assert active_owners(agency) == [heir.id]
    assert user_row(agency, agency.owner.id).role == "admin"
    assert heir.at.get("/api/users/me").json()["role"] == "owner"
    assert agency.owner.at.get("/api/users/me").json()["role"] == "admin"
    assert audit_actions(agency, heir.id)[-1] == "tenant.transferred"


def test_transfer_revokes_the_former_owners_invitations(agency: Agency):
    heir = insert_user_row(agency, "admin")
    with tenant_context(agency.ref):
        invitation = Invitation.objects.create(
            email="x@people.test",
            role="owner",
            invited_by_id=agency.owner.id,
            expires_at=timezone.now() + timedelta(days=1),
        )

    agency.owner.at.post(TRANSFER, {"user_id": heir})

    with tenant_context(agency.ref):
        assert Invitation.objects.get(pk=invitation.pk).revoked_at is not None


def test_transfer_to_ineligible_user_is_refused(agency: Agency, globex: Agency):
    inactive = insert_user_row(agency, is_active=False)
    removed = insert_user_row(agency, is_active=False, removed_at=timezone.now())
    wrong = [inactive, removed, globex.owner.id, str(uuid.uuid4()), agency.owner.id]

    for person_id in [*wrong, "x", "", None, 7, [], {}]:
        answer = agency.owner.at.post(TRANSFER, {"user_id": person_id})
        assert {field for field, _ in field_errors(answer)} == {"user_id"}, person_id
    assert field_errors(agency.owner.at.post(TRANSFER, {})) == {("user_id", "required")}

    assert active_owners(agency) == [agency.owner.id]
    assert "tenant.transferred" not in audit_actions(agency, inactive)


@pytest.mark.parametrize("role", ["admin", "member"])
def test_transfer_by_other_roles_is_refused(agency: Agency, role: str):
    caller, heir = user_with_session(agency, role), insert_user_row(agency)

    assert status_and_code(caller.at.post(TRANSFER, {"user_id": heir})) == (
        403,
        "permission_denied",
    )
    assert active_owners(agency) == [agency.owner.id]


def test_transfer_needs_recent_authentication(agency: Agency):
    heir = insert_user_row(agency)
    with tenant_context(agency.ref):
        Session.objects.update(proved_at=timezone.now() - timedelta(days=1))

    answer = agency.owner.at.post(TRANSFER, {"user_id": heir})

    assert status_and_code(answer) == (403, "proof_required")
    assert active_owners(agency) == [agency.owner.id]


def test_concurrent_transfers_only_one_wins(agency: Agency):
    heirs = [insert_user_row(agency) for _ in range(5)]

    def give(heir: str) -> int:
        return agency.owner.at.post(TRANSFER, {"user_id": heir}).status_code

    with ThreadPoolExecutor(5) as pool:
        statuses = list(pool.map(give, heirs))

    assert sorted(statuses) == [200] + [403] * 4
    assert active_owners(agency) == [heirs[statuses.index(200)]]
    assert user_row(agency, agency.owner.id).role == "admin"


def test_concurrent_transfers_of_two_owners_leave_an_owner(agency: Agency):
    other = user_with_session(agency, "owner")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(agency.owner.at.post, TRANSFER, {"user_id": other.id})
        second = pool.submit(other.at.post, TRANSFER, {"user_id": agency.owner.id})
        statuses = sorted([first.result().status_code, second.result().status_code])

    # The first steps down; then the other hands it back, or was the one that came first.
    assert statuses == [200, 403] or statuses == [200, 200]
    assert len(active_owners(agency)) == 1
