"""Whatever grants what a recent proof protects asks for one itself: the whole matrix, walked.

The tables are repeated here as text, so that a mistake in accounts/permissions.py, in
accounts/users/permissions.py or in accounts/own_tenant/settings.py shows.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts.api_keys import issue_api_key
from accounts.models import Invitation, User
from accounts.own_tenant.settings import SETTING_RULES as SETTINGS
from accounts.own_tenant.settings import WEAKENING_DETAILS
from accounts.permissions import ACTIONS, SCOPES, Reauthentication
from accounts.users.permissions import USER_ACTION_RULES
from tenants.context import tenant_context
from tenants.models import Tenant
from tests.structure.test_route_actions import view_of
from tests.structure.test_route_matrix import Ids
from tests.support.accounts.tokens import status_and_code
from tests.support.accounts.users import insert_user_row, random_email, user_with_session
from tests.support.factories import Agency, Person, create_agency
from tests.support.http_client import PASSWORD, Host
from tests.support.routes import MEMBER, ROUTES

ROLES = {"o": "owner", "a": "admin", "m": "member"}
# Verb: the roles of people to whom it is done only with a recent proof.
ASKS = {
    "create": "oa",
    "invite": "oa",
    "uninvite": "",
    "rename": "",
    "readdress": "oam",
    "appoint": "oam",
    "deactivate": "oa",
    "reactivate": "oa",
    "remove": "oa",
    "end_sessions": "oa",
    "export": "",
}
PERSON = "/api/users/{person}"
CALLS: dict[str, tuple[str, str, Any]] = {
    "uninvite": ("DELETE", "/api/invitations/{invitation}", None),
    "rename": ("PATCH", PERSON, {"first_name": "Renamed"}),
    "readdress": ("PATCH", PERSON, {"email": "{address}"}),
    "deactivate": ("PATCH", PERSON, {"is_active": False}),
    "reactivate": ("PATCH", PERSON, {"is_active": True}),
    "remove": ("DELETE", PERSON, None),
    "end_sessions": ("DELETE", f"{PERSON}/sessions", None),
    "export": ("GET", f"{PERSON}/export", None),
}
# Setting: a value, and one that protects less.
WEAKER: dict[str, tuple[Any, Any]] = {
    "session_idle_seconds": (600, 601),
    "session_absolute_seconds": (7200, 0),
    "sessions_per_user": (3, 4),
    "second_factor_roles": (["member"], []),
    "email_verification": ("required", "off"),
    "invitation_seconds": (7200, 7201),
    "sharing": ("off", "on"),
}
DETAILS = {"registration": ("closed", "open")}

MEETS_EVERY_RULE = {"email_verified_at": "2026-01-01T00:00:00Z"}


@dataclass(frozen=True)
class Case:
    """One call, whether it needs reauthentication, and the rows it starts from."""

    name: str
    asks: bool
    method: str
    path: str
    body: Any = None
    role: str = ""
    stored: dict[str, Any] = field(default_factory=dict)


def people() -> list[Case]:
    found = []
    for letter, role in ROLES.items():
        asked = {verb: letter in roles for verb, roles in ASKS.items()}
        for verb, (method, path, body) in CALLS.items():
            found.append(Case(f"{verb} {role}", asked[verb], method, path, body, role))
        other = "member" if role != "member" else "admin"
        new = {"email": "{address}", "role": role}
        resend = "/api/invitations/{invitation}/resend"
        found += [
            Case(f"appoint {role}", asked["appoint"], "PATCH", PERSON, {"role": other}, role),
            Case(f"create {role}", asked["create"], "POST", "/api/users", new),
            Case(f"invite {role}", asked["invite"], "POST", "/api/invitations", new),
            Case(f"resend {role}", asked["invite"], "POST", resend, None, role),
        ]
        if role != "owner":  # a link makes no owners
            link = {"max_uses": 3, "role": role}
            found.append(Case(f"link {role}", asked["invite"], "POST", "/api/invitations", link))
    known = {"email": "{address}", "password": PASSWORD}
    return [*found, Case("create with a password", True, "POST", "/api/users", known)]


def workspace() -> list[Case]:
    found = [Case("name", False, "PATCH", "/api/tenant", {"name": "Renamed"})]
    for name, (strong, weak) in WEAKER.items():
        for asks, before, after in ((True, strong, weak), (False, weak, strong)):
            body, stored = {"settings": {name: after}}, {"settings": {name: before}}
            label = f"{name} to {after}"
            found.append(Case(label, asks, "PATCH", "/api/tenant", body, stored=stored))
    for name, (strong, weak) in DETAILS.items():
        for asks, before, after in ((True, strong, weak), (False, weak, strong)):
            body, stored = {name: after}, {name: before}
            found.append(Case(f"{name} to {after}", asks, "PATCH", "/api/tenant", body, "", stored))
    return found


def whole_actions() -> list[Case]:
    """Every method of every route whose action always needs it, with a meaningless body."""
    return [
        Case(f"{method} {route.name}", True, method, route.path.format_map(Ids()), {})
        for route in ROUTES["tenant"]
        for method in route.methods.split()
        if route.who == MEMBER
        and (action := view_of(route).actions.get(method))
        and ACTIONS[action].reauthentication is Reauthentication.ALWAYS
    ]


CASES = [*people(), *workspace(), *whole_actions()]


@pytest.fixture(scope="module")
def agency(site) -> Agency:
    return create_agency(site, f"proof-{secrets.token_hex(5)}")


@pytest.fixture(scope="module")
def stale(agency: Agency) -> Person:
    return user_with_session(agency, "owner", proved_days_ago=1, **MEETS_EVERY_RULE)


@pytest.fixture(scope="module")
def fresh(agency: Agency) -> Person:
    return user_with_session(agency, "owner", **MEETS_EVERY_RULE)


@pytest.fixture(scope="module")
def by_key(agency: Agency, fresh: Person) -> Host:
    with tenant_context(agency.ref):
        user = User.objects.get(pk=fresh.id)
        return agency.host.with_token(issue_api_key(name="k", scopes=list(SCOPES), actor=user).text)


def prepared(agency: Agency, case: Case) -> dict[str, Any]:
    """Store the rows that the case starts from; return the request."""
    with tenant_context(agency.ref):
        inviter = User.objects.get(pk=agency.owner.id)
        invitation = Invitation.objects.create(
            email=random_email(),
            role=case.role or "member",
            invited_by=inviter,
            hash=secrets.token_bytes(32),
            expires_at="2100-01-01T00:00:00Z",
        )
    row = Tenant.objects.get(pk=agency.ref.id)
    for name, value in case.stored.items():
        setattr(row, name, value)
    row.save()
    active = not case.name.startswith("reactivate")
    person = insert_user_row(agency, case.role or "member", is_active=active)
    path = case.path.format(person=person, invitation=invitation.pk)
    body = case.body
    if isinstance(body, dict):
        body = {n: random_email() if v == "{address}" else v for n, v in body.items()}
    return {"method": case.method, "path": path, "json": body}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_old_authentication_is_refused(agency: Agency, stale: Person, by_key: Host, case: Case):
    asked = prepared(agency, case)

    by_person = stale.at.request(**asked)

    if case.asks:
        assert status_and_code(by_person) == (403, "proof_required"), by_person.text
        refused = by_key.request(**asked)
        assert refused.status_code == 403
        assert refused.json()["code"] in {
            "proof_required",
            "permission_denied",
            "insufficient_scope",
        }
    else:
        assert by_person.is_success, by_person.text


@pytest.mark.parametrize("case", [c for c in CASES if c.asks], ids=lambda case: case.name)
def test_recent_authentication_is_accepted(agency: Agency, fresh: Person, case: Case):
    answer = fresh.at.request(**prepared(agency, case))

    nonsense = case in whole_actions()
    assert answer.is_success or (nonsense and answer.status_code in {400, 404, 409}), answer.text


def test_matrix_covers_every_action():
    """A new rule, setting or action needs a case here."""
    always = {verb for verb in USER_ACTION_RULES if verb in {"erase", "reset_factors"}}

    assert set(USER_ACTION_RULES) == set(ASKS) | always
    assert set(SETTINGS) == set(WEAKER) | {"language", "time_zone", "accent_color"}
    assert set(WEAKENING_DETAILS) == set(DETAILS) | {"name"}
    walked = {
        name
        for name, action in ACTIONS.items()
        if action.reauthentication is Reauthentication.ALWAYS
    }
    assert walked == {
        "me:email",
        "me:factors",
        "me:leave",  # a page only: tests/pages/test_own_account.py
        "users:factors",
        "users:erase",
        "tenant:transfer",
        "tenant:delete",
        "support:grant",  # a page only: tests/admin/test_support_access.py
        "keys:create",
    }
    by_target = {
        name
        for name, action in ACTIONS.items()
        if action.reauthentication is Reauthentication.BY_TARGET
    }
    assert by_target == {"users:write", "invitations:write", "tenant:write"}


def actions_with(rule: Reauthentication) -> set[str]:
    """Return the names of the actions with this rule."""
    return {name for name, action in ACTIONS.items() if action.reauthentication is rule}


def test_actions_with_reauthentication_have_no_scope():
    assert {a.scope for a in ACTIONS.values() if a.reauthentication is Reauthentication.ALWAYS} == {
        ""
    }


def test_own_sessions_end_without_reauthentication(agency: Agency):
    one = user_with_session(agency, "admin", proved_days_ago=1, **MEETS_EVERY_RULE)

    assert one.at.delete(f"/api/users/{one.id}/sessions").status_code == 204
