"""Verification of addresses, and what is refused until then."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.support.accounts.invitations import REGISTER
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Site
from tests.support.mail.outbox import (
    audit_events,
    configure_tenant,
    email_links,
    queued_emails,
    update_user_row,
    user_with_email,
)
from tests.support.mailbox import Mailbox

VERIFY = "/api/auth/email/verify"
AGAIN = "/api/auth/email/verification"
NEW = {"email": "new@person.test", "password": PASSWORD, "first_name": "N", "last_name": "P"}


def test_owner_gets_a_verification_link_at_signup(new_agency, mailbox: Mailbox):
    agency = new_agency()
    token = mailbox.wait_for(agency.owner.email, subject="Verify").token

    assert agency.host.post(VERIFY, {"token": token}).status_code == 204

    assert user_with_email(agency, agency.owner.email).email_verified_at is not None
    assert [e.actor_id for e in audit_events(agency, "email.verified")] == [agency.owner.id]
    assert status_and_code(agency.host.post(VERIFY, {"token": token})) == (400, "link_invalid")
    assert len(audit_events(agency, "email.verified")) == 1


def test_user_gets_a_verification_link_at_registration(new_agency, mailbox: Mailbox, site: Site):
    agency = new_agency()
    configure_tenant(agency)
    email = f"reg@{agency.slug}.test"
    agency.host.post(REGISTER, {**NEW, "email": email}, headers={"Accept-Language": "pt-br"})

    mail = mailbox.wait_for(email, subject="Confirme o seu")

    body = {"token": mail.token, "tenant": agency.slug}
    assert site.host("api").post(VERIFY, body).status_code == 204
    assert user_with_email(agency, email).email_verified_at is not None


def test_link_can_be_sent_again(new_agency, mailbox: Mailbox):
    agency = new_agency()
    email = agency.owner.email

    assert agency.owner.at.post(AGAIN).status_code == 204
    again = mailbox.wait_for(email, subject="Verify", nth=2)
    assert agency.host.post(VERIFY, {"token": again.token}).status_code == 204

    assert agency.owner.at.post(AGAIN).status_code == 204
    assert queued_emails(agency) == []
    assert len(email_links(agency, purpose="verify")) == 2


def test_concurrent_uses_of_one_link_only_one_succeeds(new_agency, mailbox: Mailbox):
    agency = new_agency()
    token = mailbox.wait_for(agency.owner.email, subject="Verify").token

    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda _: agency.host.post(VERIFY, {"token": token}).status_code, range(8))
        )

    assert Counter(answers) == {204: 1, 400: 7}


def test_old_link_does_not_verify_a_changed_address(new_agency, mailbox: Mailbox):
    agency = new_agency()
    token = mailbox.wait_for(agency.owner.email, subject="Verify").token
    update_user_row(agency, agency.owner.email, email="moved@else.test")

    assert status_and_code(agency.host.post(VERIFY, {"token": token})) == (400, "link_invalid")

    assert user_with_email(agency, "moved@else.test").email_verified_at is None


def test_unverified_user_is_refused_elsewhere(verified_agency: Agency, mailbox: Mailbox):
    at = verified_agency.owner.at
    assert status_and_code(at.get("/api/files")) == (403, "email_unverified")
    assert at.post(AGAIN).status_code == 204

    token = mailbox.wait_for(verified_agency.owner.email, subject="Verify").token
    verified_agency.host.post(VERIFY, {"token": token})

    assert at.get("/api/files").status_code == 200
