"""Acceptance of an invitation: once, for its address, with its role, and without an oracle."""

import secrets
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.utils import timezone
from httpx import Response

from accounts.models import User
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.services import update_tenant
from tests.support.accounts.invitations import (
    CLOSED,
    INVITATIONS,
    REGISTER,
    audit_events,
    post_invitation,
    register_with_token,
    registration_body,
    roles_by_email,
    token_of_invitation,
    update_invitation_row,
    update_user_row,
)
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, add_member
from tests.support.http_client import Site


def told(answer: Response) -> dict[str, str]:
    """Return the headers of a response without counters and times."""
    return {k: v for k, v in answer.headers.items() if k not in {"date", "ratelimit"}}


def test_invitation_to_closed_tenant_grants_its_role(agency: Agency):
    invitation = post_invitation(agency, "new@person.test", role="admin")
    token = token_of_invitation(agency, invitation)

    answer = agency.host.post(REGISTER, registration_body(token, "New@PERSON.test"))

    assert answer.status_code == 201
    user = answer.json()["user"]
    assert (user["email"], user["role"]) == ("new@person.test", "admin")
    me = agency.host.with_token(answer.json()["access_token"]).get("/api/users/me")
    assert me.json()["id"] == user["id"]
    with tenant_context(agency.ref):
        assert User.objects.get(pk=user["id"]).email_verified_at is not None
    shown = agency.owner.at.get(f"{INVITATIONS}/{invitation['id']}").json()
    assert (shown["state"], shown["uses"]) == ("accepted", 1)
    [joined] = [e for e in audit_events(agency, "user.registered") if e.target_id == user["id"]]
    [used] = audit_events(agency, "invitation.accepted")
    assert joined.details["role"] == "admin"
    assert (used.target_id, used.actor_id) == (invitation["id"], user["id"])


def test_invitation_is_accepted_on_api(site: Site, agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "a@new.test"))

    body = {**registration_body(token, "a@new.test"), "tenant": agency.slug}

    assert site.host("api").post(REGISTER, body).status_code == 201


def test_concurrent_uses_of_one_token_only_one_succeeds(agency: Agency):
    token = token_of_invitation(agency, post_invitation(agency, "a@new.test"))

    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: register_with_token(agency, token, "a@new.test"), range(6))
        )

    assert Counter(a.status_code for a in answers) == {201: 1, 403: 5}
    assert (
        status_and_code(agency.host.post(REGISTER, registration_body(token, "a@new.test")))
        == CLOSED
    )
    assert len(roles_by_email(agency)) == 2


def test_failed_registration_consumes_nothing(agency: Agency):
    invitation = post_invitation(agency, "a@new.test")
    token = token_of_invitation(agency, invitation)

    weak = agency.host.post(REGISTER, registration_body(token, "a@new.test", password="short"))
    good = agency.host.post(REGISTER, registration_body(token, "a@new.test"))

    assert (weak.status_code, good.status_code) == (400, 201)


class TestNoOracle:
    """Every invalid invitation gets the same response, byte by byte."""

    def bad_tokens(self, agency: Agency, other: Agency) -> dict[str, tuple[str, str]]:
        """Return a token and an address for each way in which an invitation can be invalid."""
        revoked, expired, used, mine, resent = (
            post_invitation(agency, f"{name}@new.test") for name in ("r", "e", "u", "m", "s")
        )
        tokens = {
            name: token_of_invitation(agency, one)
            for name, one in (("r", revoked), ("e", expired), ("u", used), ("m", mine))
        }
        old = token_of_invitation(agency, resent)
        agency.owner.at.post(f"{INVITATIONS}/{resent['id']}/resend")
        agency.owner.at.delete(f"{INVITATIONS}/{revoked['id']}")
        update_invitation_row(agency, expired, expires_at=timezone.now() - timedelta(seconds=1))
        joined = agency.host.post(REGISTER, registration_body(tokens["u"], "u@new.test"))
        assert joined.status_code == 201
        foreign = token_of_invitation(other, post_invitation(other, "f@new.test"))
        return {
            "revoked": (tokens["r"], "r@new.test"),
            "expired": (tokens["e"], "e@new.test"),
            "used": (tokens["u"], "u@new.test"),
            "of another address": (tokens["m"], "x@new.test"),
            "of another tenant": (foreign, "f@new.test"),
            "resent since": (old, "s@new.test"),
            "made up": (secrets.token_urlsafe(32), "g@new.test"),
            "garbage": ("\u2603'\"; --", "g@new.test"),
            "of nobody, for somebody there": ("x", agency.owner.email),
        }

    @pytest.mark.parametrize("registration", ["closed", "open"])
    def test_invalid_invitations_get_the_same_response(
        self, agency: Agency, new_agency: Callable[..., Agency], registration: str
    ):
        cases = self.bad_tokens(agency, new_agency())
        update_tenant(agency.ref.id, name="X", registration=registration, actor=SYSTEM)
        before, request_id = roles_by_email(agency), {"X-Request-ID": "the-same-for-all"}

        answers = {
            name: agency.host.post(REGISTER, registration_body(*case), headers=request_id)
            for name, case in cases.items()
        }

        assert {name: status_and_code(a) for name, a in answers.items()} == dict.fromkeys(
            cases, CLOSED
        )
        assert len({a.content for a in answers.values()}) == 1
        changing = {"date", "ratelimit"}
        headers = [
            {k: v for k, v in a.headers.items() if k not in changing} for a in answers.values()
        ]
        assert all(h == headers[0] for h in headers)
        assert roles_by_email(agency) == before

    def test_open_tenant_needs_no_invitation(self, agency: Agency):
        update_tenant(agency.ref.id, name="X", registration="open", actor=SYSTEM)

        assert agency.host.post(REGISTER, registration_body("", "a@new.test")).status_code == 201
        assert roles_by_email(agency)["a@new.test"] == "member"


class TestWhoStandsBehindIt:
    """An invitation is valid only while its inviter may grant the role."""

    @pytest.mark.parametrize(
        "columns",
        [
            {"is_active": False},
            {"role": "member"},
            {"is_active": False, "removed_at": timezone.now(), "email": "gone@removed.invalid"},
        ],
    )
    def test_invitation_is_invalid_when_inviter_loses_the_right(
        self, agency: Agency, columns: dict
    ):
        admin = add_member(agency, "adm@x.test", role="admin")
        invitation = post_invitation(agency, "a@new.test", at=admin.at)
        token = token_of_invitation(agency, invitation)

        update_user_row(agency, admin.email, **columns)

        assert (
            status_and_code(agency.host.post(REGISTER, registration_body(token, "a@new.test")))
            == CLOSED
        )
        shown = agency.owner.at.get(f"{INVITATIONS}/{invitation['id']}").json()
        assert shown["state"] == "revoked"

    def test_demoted_owners_invitations_make_no_owners(self, agency: Agency):
        other = add_member(agency, "own@x.test", role="owner")
        owner = token_of_invitation(
            agency, post_invitation(agency, "o@new.test", at=other.at, role="owner")
        )
        member = token_of_invitation(agency, post_invitation(agency, "m@new.test", at=other.at))

        update_user_row(agency, other.email, role="admin")

        assert (
            status_and_code(agency.host.post(REGISTER, registration_body(owner, "o@new.test")))
            == CLOSED
        )
        assert (
            agency.host.post(REGISTER, registration_body(member, "m@new.test")).status_code == 201
        )

    def test_demotion_over_the_api_revokes_invitations(self, agency: Agency):
        admin = add_member(agency, "adm@x.test", role="admin")
        token = token_of_invitation(agency, post_invitation(agency, "a@new.test", at=admin.at))
        path = f"/api/users/{admin.id}"

        for role in ("member", "admin"):
            assert agency.owner.at.patch(path, json={"role": role}).status_code == 200

        assert (
            status_and_code(agency.host.post(REGISTER, registration_body(token, "a@new.test")))
            == CLOSED
        )
