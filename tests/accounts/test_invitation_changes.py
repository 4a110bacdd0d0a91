"""Invitations that are resent or revoked."""

from django.utils import timezone

from tests.support.accounts.invitations import (
    FIELDS,
    INVITATIONS,
    REGISTER,
    audit_events,
    post_invitation,
    registration_body,
    token_of_invitation,
    update_invitation_row,
)
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, add_member


class TestResend:
    """The former token is invalid, the new one valid."""

    def test_resent_invitation_has_new_token_and_expiry(self, agency: Agency):
        invitation = post_invitation(agency, "a@new.test")
        old = token_of_invitation(agency, invitation)
        update_invitation_row(agency, invitation, expires_at=timezone.now())
        path = f"{INVITATIONS}/{invitation['id']}/resend"

        answer = agency.owner.at.post(path)
        refused = agency.host.post(REGISTER, registration_body(old, "a@new.test"))
        good = agency.host.post(
            REGISTER, registration_body(token_of_invitation(agency, invitation), "a@new.test")
        )

        assert (answer.status_code, answer.json()["state"]) == (200, "pending")
        assert set(answer.json()) == FIELDS
        assert status_and_code(refused) == (403, "registration_closed")
        assert good.status_code == 201
        assert [e.target_id for e in audit_events(agency, "invitation.resent")] == [
            invitation["id"]
        ]

    def test_used_or_revoked_invitation_cannot_be_resent(self, agency: Agency):
        revoked, accepted = (
            post_invitation(agency, "r@new.test"),
            post_invitation(agency, "a@new.test"),
        )
        agency.owner.at.delete(f"{INVITATIONS}/{revoked['id']}")
        agency.host.post(
            REGISTER, registration_body(token_of_invitation(agency, accepted), "a@new.test")
        )

        for one in (revoked, accepted):
            answer = agency.owner.at.post(f"{INVITATIONS}/{one['id']}/resend")
            assert status_and_code(answer) == (409, "invitation_closed")
        assert audit_events(agency, "invitation.resent") == []

    def test_resent_invitation_has_the_resender_as_inviter(self, agency: Agency):
        admin = add_member(agency, "adm@x.test", role="admin")
        invitation = post_invitation(agency, "a@new.test")

        answer = admin.at.post(f"{INVITATIONS}/{invitation['id']}/resend")

        assert answer.json()["invited_by"]["id"] == admin.id


class TestRevoke:
    """The token is invalid at once."""

    def test_revoked_invitation_token_is_invalid(self, agency: Agency):
        invitation = post_invitation(agency, "a@new.test")
        token = token_of_invitation(agency, invitation)
        path = f"{INVITATIONS}/{invitation['id']}"

        answers = [agency.owner.at.delete(path) for _ in range(2)]

        assert [(a.status_code, a.content) for a in answers] == [(204, b"")] * 2
        assert agency.owner.at.get(path).json()["state"] == "revoked"
        refused = agency.host.post(REGISTER, registration_body(token, "a@new.test"))
        assert status_and_code(refused) == (403, "registration_closed")
        assert len(audit_events(agency, "invitation.revoked")) == 1

    def test_accepted_invitation_cannot_be_revoked(self, agency: Agency):
        invitation = post_invitation(agency, "a@new.test")
        agency.host.post(
            REGISTER, registration_body(token_of_invitation(agency, invitation), "a@new.test")
        )

        answer = agency.owner.at.delete(f"{INVITATIONS}/{invitation['id']}")

        assert status_and_code(answer) == (409, "invitation_closed")

    def test_change_with_stale_etag_is_refused(self, agency: Agency):
        invitation = post_invitation(agency, "a@new.test")
        path = f"{INVITATIONS}/{invitation['id']}"
        tag = agency.owner.at.get(path).headers["ETag"]
        known = agency.owner.at.get(path, headers={"If-None-Match": tag})
        update_invitation_row(agency, invitation, expires_at=timezone.now())

        stale = agency.owner.at.delete(path, headers={"If-Match": tag})

        assert known.status_code == 304
        assert status_and_code(stale) == (412, "precondition_failed")
        assert agency.owner.at.get(path).json()["state"] == "expired"
