"""Reset of a lost second factor: by owners only, and not of owners."""

import itertools

import pytest
from django.utils import timezone

from accounts.models import Authenticator, RecoveryCode, User
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import insert_user_row, user_row, user_with_session
from tests.support.factories import Agency

ROLES = ("owner", "admin", "member")


def give_factor(agency: Agency, person_id: str) -> None:
    with tenant_context(agency.ref):
        now = timezone.now()
        Authenticator.objects.create(user_id=person_id, sealed_secret="x", confirmed_at=now)
        RecoveryCode.objects.create(user_id=person_id, hash=b"3" * 32)
        User.objects.filter(pk=person_id).update(second_factor_at=now)


@pytest.mark.parametrize(("actor", "role"), list(itertools.product(ROLES, ROLES)))
def test_reset_permissions_follow_roles(agency: Agency, actor: str, role: str):
    caller, other = user_with_session(agency, actor), insert_user_row(agency, role)
    give_factor(agency, other)
    allowed = (actor, role) in {("owner", "admin"), ("owner", "member")}

    answer = caller.at.delete(f"/api/users/{other}/factors")

    assert (answer.status_code == 204) if allowed else status_and_code(answer)[0] == 403
    assert (user_row(agency, other).second_factor_at is None) == allowed
    with tenant_context(agency.ref):
        assert Authenticator.objects.filter(user=other).exists() != allowed
        assert RecoveryCode.objects.filter(user=other).exists() != allowed


def test_own_factor_cannot_be_reset(agency: Agency):
    give_factor(agency, agency.owner.id)

    answer = agency.owner.at.delete(f"/api/users/{agency.owner.id}/factors")

    assert status_and_code(answer) == (403, "permission_denied")
    assert user_row(agency, agency.owner.id).second_factor_at is not None


def test_reset_needs_recent_authentication(agency: Agency):
    late, other = user_with_session(agency, "owner", proved_days_ago=1), insert_user_row(agency)
    give_factor(agency, other)

    answer = late.at.delete(f"/api/users/{other}/factors")

    assert status_and_code(answer) == (403, "proof_required")
    assert user_row(agency, other).second_factor_at is not None


def test_reset_of_another_tenants_user_is_not_found(agency: Agency, globex: Agency):
    answer = agency.owner.at.delete(f"/api/users/{globex.owner.id}/factors")

    assert status_and_code(answer) == (404, "not_found")
