"""The permission matrix over HTTP: every role, on every role and on oneself.

The table is repeated here as text, so that a mistake in accounts/users/permissions.py shows.
"""

import itertools
import secrets

import pytest

from accounts.models import User
from accounts.permissions import ACTIONS
from accounts.users.permissions import USER_ACTION_RULES
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member, create_agency
from tests.support.http_client import Host

ROLES = ("owner", "admin", "member")
# Verb: for an owner and for an administrator who asks, the roles that they may do it to. A member
# may do nothing to other users.
MAY = {
    "create": ("oam", "am"),
    "read": ("oam", "oam"),
    "rename": ("oam", "am"),
    "readdress": ("oam", "am"),
    "make owner": ("oam", ""),
    "make admin": ("oam", "am"),
    "make member": ("oam", "am"),
    "deactivate": ("oam", "am"),
    "reactivate": ("oam", "am"),
    "remove": ("oam", "am"),
}
CALLS = {
    "read": ("GET", None),
    "rename": ("PATCH", {"first_name": "Renamed", "last_name": "Too"}),
    "readdress": ("PATCH", {"email": "…"}),
    "make owner": ("PATCH", {"role": "owner"}),
    "make admin": ("PATCH", {"role": "admin"}),
    "make member": ("PATCH", {"role": "member"}),
    "deactivate": ("PATCH", {"is_active": False}),
    "reactivate": ("PATCH", {"is_active": True}),
    "remove": ("DELETE", None),
}
CASES = list(itertools.product(MAY, ROLES, ROLES))


def address() -> str:
    return f"{secrets.token_hex(6)}@matrix.test"


def call(host: Host, verb: str, path: str) -> int:
    method, body = CALLS[verb]
    if body == {"email": "…"}:
        body = {"email": address()}
    return host.request(method, path, json=body).status_code


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    """An agency with one more owner, so that no owner is the last one."""
    found = create_agency(site, f"m{secrets.token_hex(5)}")
    with tenant_context(found.ref):
        User.objects.create(email=address(), password="!", role="owner")
    return found


@pytest.fixture(scope="module")
def actors(agency: Agency) -> dict[str, Person]:
    return {role: add_member(agency, address(), role) for role in ROLES}


def target_of(agency: Agency, role: str, *, active: bool) -> str:
    with tenant_context(agency.ref):
        return str(
            User.objects.create(email=address(), password="!", role=role, is_active=active).id
        )


@pytest.mark.parametrize(("verb", "actor", "role"), CASES)
def test_action_on_another_user_follows_the_rules(
    agency: Agency, actors: dict[str, Person], verb: str, actor: str, role: str
):
    reach = dict(zip(ROLES, (*MAY[verb], ""), strict=True))[actor]
    allowed = role[0] in reach
    at = actors[actor].at

    if verb == "create":
        status = at.post("/api/users", {"email": address(), "role": role}).status_code
        expected = 201
    else:
        target = target_of(agency, role, active=verb != "reactivate")
        status = call(at, verb, f"/api/users/{target}")
        expected = 204 if verb == "remove" else 200
        same = verb == f"make {role}"
        if same and actor != "member":
            allowed = True  # they have that role already: nothing is asked for
        with tenant_context(agency.ref):
            events = AuditEvent.objects.filter(target_id=target).exclude(actor_type="system")
            assert events.exists() == (allowed and verb != "read" and not same)

    assert status == (expected if allowed else 403)


# What users may do to themselves; no owner here is the last one.
MAY_ONESELF = {
    "owner": {"read", "rename", "readdress", "make admin", "make member", "deactivate", "remove"},
    "admin": {"read", "rename", "readdress", "remove"},
    "member": set(),
}
NOTHING_NEW = {("owner", "make owner"), ("admin", "make admin")} | {
    (role, "reactivate") for role in ("owner", "admin")
}


@pytest.mark.parametrize(("verb", "role"), list(itertools.product(CALLS, ROLES)))
def test_action_on_oneself_follows_the_rules(agency: Agency, verb: str, role: str):
    one = add_member(agency, address(), role)
    allowed = verb in MAY_ONESELF[role] or (role, verb) in NOTHING_NEW

    status = call(one.at, verb, f"/api/users/{one.id}")

    assert status == ((204 if verb == "remove" else 200) if allowed else 403)


def test_matrix_covers_every_rule():
    """A new verb in the rules needs a row here, or its own test, named here."""
    # tests/accounts/test_data_export.py, test_sessions.py, test_factor_reset.py and
    # test_invitations_changing.py
    elsewhere = {"erase", "export", "end_sessions", "reset_factors", "invite", "uninvite"}
    driven = {"create", "rename", "readdress", "appoint", "deactivate", "reactivate", "remove"}

    assert set(USER_ACTION_RULES) == driven | elsewhere
    assert ACTIONS["users:read"].roles == ACTIONS["users:write"].roles == {"owner", "admin"}
