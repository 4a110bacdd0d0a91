"""Registrations that a link in an e-mail completes."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.auth.registration import ENCRYPTION_PURPOSE
from accounts.encryption import decrypt
from accounts.models import MailLink, User
from tenants.context import tenant_context
from tests.support.accounts.invitations import INVITATIONS, REGISTER, post_invitation
from tests.support.accounts.tokens import status_and_code
from tests.support.browser import Browser
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import audit_events, configure_tenant, email_links, user_with_email
from tests.support.mailbox import Mailbox

VERIFY = "/api/auth/email/verify"
CHOSEN = "what the mailbox's owner chose"
NEW = {"email": "new@person.test", "password": PASSWORD, "first_name": "N", "last_name": "P"}


def log_in(agency: Agency, email: str, password: str) -> int:
    body = {"email": email, "password": password}
    return agency.host.post("/api/auth/login", body).status_code


class TestConfirmedRegistration:
    """Where addresses must be verified, a registration reveals no account."""

    def ask(self, agency: Agency, email: str, **fields: str):
        return agency.host.post(REGISTER, {**NEW, "email": email, **fields})

    def end(self, agency: Agency, token: str, password: str = CHOSEN):
        return agency.host.post(VERIFY, {"token": token, "password": password})

    def test_known_and_unknown_addresses_are_indistinguishable(self, verified_agency: Agency):
        known, unknown = verified_agency.owner.email, f"new@{verified_agency.slug}.test"

        first, second = (
            self.ask(verified_agency, known),
            self.ask(verified_agency, unknown),
        )

        assert (first.status_code, first.json()) == (202, {"confirmation": "mailed"})
        assert first.content == second.content
        left_out = {"date", "x-request-id"}
        headers = [
            {k: v for k, v in a.headers.items() if k not in left_out and "ratelimit" not in k}
            for a in (first, second)
        ]
        assert headers[0] == headers[1]

    def test_new_user_completes_registration_with_the_link(
        self, verified_agency: Agency, mailbox: Mailbox
    ):
        email = f"new@{verified_agency.slug}.test"
        self.ask(verified_agency, email)
        mail = mailbox.wait_for(email, subject="Confirm your registration")
        with tenant_context(verified_agency.ref):
            assert not User.objects.filter(email=email).exists()
        (link,) = email_links(verified_agency, purpose="join")
        assert "argon2" not in str(link.data)
        assert "first_name" not in str(link.data)

        assert self.end(verified_agency, mail.token).status_code == 204

        user = user_with_email(verified_agency, email)
        assert (user.first_name, user.role) == ("N", "member")
        assert user.email_verified_at is not None
        assert log_in(verified_agency, email, CHOSEN) == 200
        assert [e.target_id for e in audit_events(verified_agency, "user.registered")][-1] == str(
            user.id
        )
        assert status_and_code(verified_agency.host.post(VERIFY, {"token": mail.token})) == (
            400,
            "link_invalid",
        )

    def test_existing_user_is_notified(self, verified_agency: Agency, mailbox: Mailbox):
        self.ask(verified_agency, verified_agency.owner.email)

        mail = mailbox.wait_for(verified_agency.owner.email, subject="You have an account")

        assert "token" not in mail.text
        assert email_links(verified_agency, purpose="join") == []

    def test_invalid_fields_are_refused_at_once(self, verified_agency: Agency):
        assert self.ask(verified_agency, "a@b.test", password="short").status_code == 400
        assert self.ask(verified_agency, "nobody").status_code == 400
        configure_tenant(verified_agency, registration="closed")
        assert status_and_code(self.ask(verified_agency, "a@b.test")) == (
            403,
            "registration_closed",
        )

    def test_link_in_a_closed_tenant_is_refused(self, verified_agency: Agency, mailbox):
        email = f"late@{verified_agency.slug}.test"
        self.ask(verified_agency, email)
        token = mailbox.wait_for(email).token
        configure_tenant(verified_agency, registration="closed")

        refused = self.end(verified_agency, token)

        assert status_and_code(refused) == (403, "registration_closed")
        configure_tenant(verified_agency)
        assert self.end(verified_agency, token).status_code == 204

    def test_link_encrypted_with_a_removed_pepper_is_invalid(
        self, verified_agency: Agency, mailbox
    ):
        email = f"sealed@{verified_agency.slug}.test"
        self.ask(verified_agency, email)
        token = mailbox.wait_for(email).token
        with tenant_context(verified_agency.ref):
            MailLink.objects.filter(email=email).update(data={"person": "gone:x"})

        assert status_and_code(verified_agency.host.post(VERIFY, {"token": token})) == (
            400,
            "link_invalid",
        )

    def test_second_link_for_one_address_is_refused(self, verified_agency: Agency, mailbox):
        email = f"twice@{verified_agency.slug}.test"
        self.ask(verified_agency, email)
        self.ask(verified_agency, email)
        tokens = [mailbox.wait_for(email, nth=n).token for n in (1, 2)]

        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda t: self.end(verified_agency, t).status_code, tokens))

        assert sorted(answers) == [204, 409]

    def test_link_requires_a_new_password(self, verified_agency: Agency, mailbox: Mailbox):
        """Three registrations of another person's address neither take it nor block it."""
        email = f"victim@{verified_agency.slug}.test"
        for _ in range(3):
            self.ask(verified_agency, email, password="the stranger's passphrase")
        own = self.ask(verified_agency, email)
        token = mailbox.wait_for(email, nth=3).token

        without = verified_agency.host.post(VERIFY, {"token": token})
        weak = self.end(verified_agency, token, password=email)
        done = self.end(verified_agency, token)

        assert own.status_code == 202
        for refused in (without, weak):
            assert status_and_code(refused) == (400, "validation_failed")
            assert {fault["field"] for fault in refused.json()["errors"]} == {"password"}
        assert done.status_code == 204
        assert log_in(verified_agency, email, "the stranger's passphrase") == 401
        assert log_in(verified_agency, email, PASSWORD) == 401
        assert log_in(verified_agency, email, CHOSEN) == 200

    def test_pending_registration_stores_no_password(
        self, verified_agency: Agency, mailbox: Mailbox
    ):
        email = f"held@{verified_agency.slug}.test"
        self.ask(verified_agency, email)
        mailbox.wait_for(email)

        (link,) = email_links(verified_agency, purpose="join")

        with tenant_context(verified_agency.ref):
            held = json.loads(decrypt(ENCRYPTION_PURPOSE, link.data["person"]))
        assert held == {"first_name": "N", "last_name": "P", "invitation": ""}

    def test_form_completes_the_registration(
        self, verified_agency: Agency, mailbox: Mailbox, site: Site
    ):
        email, browser = (
            f"form@{verified_agency.slug}.test",
            Browser(site, verified_agency.slug),
        )
        self.ask(verified_agency, email)
        token = mailbox.wait_for(email).token
        path = f"/email/verify?token={token}"

        shown = browser.get(path)
        weak = browser.submit(path, {"token": token, "password": "short"})
        done = browser.submit(path, {"token": token, "password": CHOSEN})

        assert 'type="password" name="password"' in shown.text
        assert (weak.status_code, done.status_code) == (400, 303)
        assert "at least 10 characters" in weak.text
        assert log_in(verified_agency, email, CHOSEN) == 200


class TestConfirmedByALinkOfSeveral:
    """A link that is passed on proves no address, so it needs the e-mail as well."""

    def ask(self, agency: Agency, link: dict, email: str):
        return agency.host.post(REGISTER, {**NEW, "email": email, "invitation": link["token"]})

    @pytest.fixture
    def link(self, verified_agency: Agency, mailbox: Mailbox) -> dict:
        configure_tenant(verified_agency, registration="closed", email_verification="required")
        token = mailbox.wait_for(verified_agency.owner.email, subject="Verify").token
        verified_agency.host.post(VERIFY, {"token": token})
        return post_invitation(verified_agency, max_uses=2, role="admin")

    def test_known_and_unknown_addresses_are_indistinguishable(
        self, verified_agency: Agency, link: dict
    ):
        first, second = (
            self.ask(verified_agency, link, email)
            for email in (verified_agency.owner.email, "new@new.test")
        )

        assert first.status_code == second.status_code == 202
        assert first.content == second.content
        shown = verified_agency.owner.at.get(f"{INVITATIONS}/{link['id']}").json()
        assert shown["uses"] == 0

    def test_invitation_is_consumed_by_the_link(
        self, verified_agency: Agency, link: dict, mailbox: Mailbox
    ):
        email = f"several@{verified_agency.slug}.test"
        self.ask(verified_agency, link, email)
        token = mailbox.wait_for(email).token

        assert (
            verified_agency.host.post(VERIFY, {"token": token, "password": CHOSEN}).status_code
            == 204
        )

        assert user_with_email(verified_agency, email).role == "admin"
        assert verified_agency.owner.at.get(f"{INVITATIONS}/{link['id']}").json()["uses"] == 1
        assert len(audit_events(verified_agency, "invitation.accepted")) == 1

    @pytest.mark.parametrize("verb", ["resend", "revoke"])
    def test_revoked_invitation_refuses_the_link(
        self, verified_agency: Agency, link: dict, mailbox: Mailbox, verb: str
    ):
        email, path = f"late@{verified_agency.slug}.test", f"{INVITATIONS}/{link['id']}"
        self.ask(verified_agency, link, email)
        token = mailbox.wait_for(email).token
        at = verified_agency.owner.at
        assert (at.post(f"{path}/resend") if verb == "resend" else at.delete(path)).is_success

        refused = verified_agency.host.post(VERIFY, {"token": token, "password": CHOSEN})

        assert status_and_code(refused) == (403, "registration_closed")
        with tenant_context(verified_agency.ref):
            assert not User.objects.filter(email=email).exists()

    def test_form_completes_the_registration(self, verified_agency: Agency, link: dict, site: Site):
        browser, path = Browser(site, verified_agency.slug), f"/join?token={link['token']}"
        form = {"token": link["token"], "first_name": "", "last_name": "", "password": PASSWORD}

        known = browser.submit(path, {**form, "email": verified_agency.owner.email})
        unknown = browser.submit(path, {**form, "email": "new@new.test"})

        assert known.status_code == unknown.status_code == 200
        assert "Look into your mailbox" in known.text
        assert known.text == unknown.text
