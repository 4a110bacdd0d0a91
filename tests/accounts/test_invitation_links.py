"""Registration with a link for several uses."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from accounts.models import Invitation, User
from tenants.context import tenant_context
from tests.support.accounts.invitations import (
    CLOSED,
    INVITATIONS,
    REGISTER,
    audit_events,
    post_invitation,
    register_with_token,
    registration_body,
    roles_by_email,
)
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency


class TestLinks:
    """A link allows as many registrations as it has uses."""

    def test_link_token_is_shown_once(self, agency: Agency):
        link = post_invitation(agency, max_uses=3, role="admin")
        path = f"{INVITATIONS}/{link['id']}"

        assert (link["email"], link["max_uses"], link["uses"]) == (None, 3, 0)
        assert link["url"].endswith(f"/join?token={link['token']}")
        assert link["url"].startswith(f"http://{agency.slug}.aggios.localhost")
        for shown in (agency.owner.at.get(path), agency.owner.at.get(INVITATIONS)):
            assert link["token"] not in shown.text
        with tenant_context(agency.ref):
            row = Invitation.objects.get(pk=link["id"])
            assert link["token"].encode() not in bytes(row.hash or b"")
            assert len(bytes(row.hash or b"")) == 32

    def test_user_registered_by_link_is_unverified(self, agency: Agency):
        link = post_invitation(agency, max_uses=2)

        answer = agency.host.post(REGISTER, registration_body(link["token"], "a@new.test"))

        assert answer.json()["user"]["role"] == "member"
        with tenant_context(agency.ref):
            assert User.objects.get(email="a@new.test").email_verified_at is None

    def test_concurrent_uses_never_exceed_the_limit(self, agency: Agency):
        link = post_invitation(agency, max_uses=5)

        with ThreadPoolExecutor(50) as pool:
            asked = pool.map(
                lambda n: register_with_token(agency, link["token"], f"p{n}@x.test"), range(50)
            )
            answers = list(asked)

        assert Counter(a.status_code for a in answers) == {201: 5, 403: 45}
        assert len(roles_by_email(agency)) == 6
        shown = agency.owner.at.get(f"{INVITATIONS}/{link['id']}").json()
        assert (shown["uses"], shown["state"]) == (5, "accepted")
        assert len(audit_events(agency, "invitation.accepted")) == 5

    def test_taken_address_consumes_no_use(self, agency: Agency):
        link = post_invitation(agency, max_uses=2)

        taken = agency.host.post(REGISTER, registration_body(link["token"], agency.owner.email))

        assert status_and_code(taken) == (409, "email_taken")
        assert agency.owner.at.get(f"{INVITATIONS}/{link['id']}").json()["uses"] == 0

    def test_resent_link_has_another_token(self, agency: Agency):
        link = post_invitation(agency, max_uses=2)

        again = agency.owner.at.post(f"{INVITATIONS}/{link['id']}/resend").json()

        assert again["token"] != link["token"]
        old = agency.host.post(REGISTER, registration_body(link["token"], "a@new.test"))
        new = agency.host.post(REGISTER, registration_body(again["token"], "a@new.test"))
        assert status_and_code(old) == CLOSED
        assert new.status_code == 201
