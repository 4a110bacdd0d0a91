"""A tenant always has an active owner, also after concurrent changes."""

import itertools
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import User
from accounts.users.erasure import remove_user
from accounts.users.services import update_user
from core.problems import Problem
from core.request_context import RequestContext, use_request_context
from tenants.context import tenant_context
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import (
    active_owners,
    audit_actions,
    insert_user_row,
    user_row,
    user_with_session,
)
from tests.support.factories import Agency, Person

LESSENING = {
    "demote": ("PATCH", {"role": "admin"}),
    "deactivate": ("PATCH", {"is_active": False}),
    "both": ("PATCH", {"role": "member", "is_active": False}),
    "remove": ("DELETE", None),
}

PAIRS = list(itertools.combinations_with_replacement(LESSENING, 2))


def do(actor: Person, verb: str, person_id: str) -> int:
    method, body = LESSENING[verb]
    return actor.at.request(method, f"/api/users/{person_id}", json=body).status_code


@pytest.mark.parametrize("verb", LESSENING)
def test_last_owner_cannot_leave(agency: Agency, verb: str):
    insert_user_row(agency, "owner", is_active=False)
    insert_user_row(agency, "admin")
    before = user_row(agency, agency.owner.id)
    method, body = LESSENING[verb]

    answer = agency.owner.at.request(method, f"/api/users/{agency.owner.id}", json=body)

    assert status_and_code(answer) == (409, "last_owner")
    assert user_row(agency, agency.owner.id).updated_at == before.updated_at
    assert audit_actions(agency, agency.owner.id) == ["user.registered"]
    assert agency.owner.at.get("/api/users/me").json()["role"] == "owner"


@pytest.mark.parametrize("verb", LESSENING)
def test_owner_can_step_down_if_another_owner_is_active(agency: Agency, verb: str):
    other = insert_user_row(agency, "owner")

    assert do(agency.owner, verb, agency.owner.id) < 300
    assert active_owners(agency) == [other]


def test_inactive_owner_can_be_demoted_by_the_last_owner(agency: Agency):
    gone = insert_user_row(agency, "owner", is_active=False)

    assert do(agency.owner, "demote", gone) == 200
    assert active_owners(agency) == [agency.owner.id]


def test_last_owners_name_can_be_changed(agency: Agency):
    path = f"/api/users/{agency.owner.id}"
    body = {"first_name": "New", "role": "owner", "is_active": True}

    assert agency.owner.at.patch(path, body).status_code == 200


@pytest.mark.parametrize(("one", "two"), PAIRS)
def test_concurrent_demotions_leave_one_owner(agency: Agency, one: str, two: str):
    other = user_with_session(agency, "owner")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(do, agency.owner, one, other.id)
        second = pool.submit(do, other, two, agency.owner.id)
        statuses = sorted([first.result(), second.result()])

    assert len(active_owners(agency)) == 1
    # The second finds itself no owner any more, or no person at all.
    assert statuses[0] in (200, 204)
    assert statuses[1] in (401, 403)


@pytest.mark.parametrize("verb", LESSENING)
def test_concurrent_step_downs_leave_one_owner(agency: Agency, verb: str):
    owners = [agency.owner, *(user_with_session(agency, "owner") for _ in range(4))]

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(pool.map(lambda owner: do(owner, verb, owner.id), owners))

    assert len(active_owners(agency)) == 1
    assert statuses[:4] == [204 if verb == "remove" else 200] * 4
    assert statuses[4] == 409


def test_many_owners_demoting_each_other_leave_one_owner(agency: Agency):
    """Without HTTP: every pair, both ways, as fast as the database allows."""
    owners = [agency.owner.id, *(insert_user_row(agency, "owner") for _ in range(5))]
    ref = agency.ref

    def attack(numbered: tuple[int, tuple[str, str]]) -> str:
        number, (actor, target) = numbered
        asking = use_request_context(RequestContext(proved_at=timezone.now()))
        with tenant_context(ref), asking:
            try:
                by = User.objects.get(pk=actor)
                if number % 2:
                    remove_user(uuid.UUID(target), by=by, check=lambda _: None)
                else:
                    changes = {"role": "member"}
                    update_user(uuid.UUID(target), by=by, changes=changes, check=lambda _: None)
            except Problem as exc:
                return exc.code
            finally:
                connections.close_all()
        return "done"

    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(attack, enumerate(itertools.permutations(owners, 2))))

    assert len(active_owners(agency)) == 1
    assert found.count("done") >= 5
    # Nothing but refusals: no deadlock, no error of the database.
    assert set(found) <= {"done", "token_invalid", "permission_denied", "not_found", "last_owner"}
