"""The e-mail of an invitation: content, recipient, and the only place of its token."""

import secrets

from accounts.models import Invitation, Letter
from tenants.context import tenant_context
from tests.support.accounts.invitations import (
    INVITATIONS,
    REGISTER,
    audit_events,
    post_invitation,
    register_with_token,
    registration_body,
)
from tests.support.accounts.tokens import status_and_code
from tests.support.factories import Agency, add_member
from tests.support.mailbox import Mailbox


def fresh() -> str:
    return f"p{secrets.token_hex(5)}@new.test"


def test_invitation_email_holds_the_link(acme: Agency, mailbox: Mailbox):
    email = fresh()
    invitation = post_invitation(acme, email, role="admin")

    mail = mailbox.wait_for(email)

    assert mail.subject == 'Join "Acme"'
    assert mail.link.startswith(f"http://acme.aggios.localhost:{acme.host.port}/join?token=")
    assert mail.link in mail.html
    assert "7 days" in mail.text
    assert acme.owner.email not in mail.text
    answer = register_with_token(acme, mail.token, email)
    assert (answer.status_code, answer.json()["user"]["role"]) == (201, "admin")
    shown = acme.owner.at.get(f"{INVITATIONS}/{invitation['id']}").json()
    assert shown["state"] == "accepted"


def test_invitation_token_is_only_in_the_email(acme: Agency, mailbox: Mailbox):
    email = fresh()
    invitation = post_invitation(acme, email)
    token = mailbox.wait_for(email).token

    with tenant_context(acme.ref):
        [row] = Invitation.objects.filter(pk=invitation["id"]).values()
        letters = [str(letter.data) for letter in Letter.objects.all()]
    assert len(bytes(row["hash"])) == 32
    assert token.encode() not in bytes(row["hash"])
    assert token not in str(row)
    assert not [data for data in letters if token in data]
    recorded = [
        e for e in audit_events(acme, "invitation.created") if e.target_id == invitation["id"]
    ]
    assert len(recorded) == 1
    assert token not in str(recorded[0].details)


def test_invitation_email_has_the_inviters_language(acme: Agency, mailbox: Mailbox):
    email, headers = fresh(), {"Accept-Language": "pt-BR"}

    acme.owner.at.post(INVITATIONS, {"email": email}, headers=headers)

    mail = mailbox.wait_for(email)
    assert mail.subject == 'Entre em "Acme"'
    assert "só para este endereço" in mail.text


def test_invited_user_with_account_gets_no_token(acme: Agency, mailbox: Mailbox):
    member = add_member(acme, fresh())

    post_invitation(acme, member.email)

    mail = mailbox.wait_for(member.email)
    assert mail.subject == 'You have an account at "Acme"'
    assert "token" not in mail.text + mail.html


def test_second_email_invalidates_the_first_token(acme: Agency, mailbox: Mailbox):
    email = fresh()
    invitation = post_invitation(acme, email)
    first = mailbox.wait_for(email).token

    resent = acme.owner.at.post(f"{INVITATIONS}/{invitation['id']}/resend")
    second = mailbox.wait_for(email, nth=2).token

    assert resent.status_code == 200
    refused = acme.host.post(REGISTER, registration_body(first, email))
    assert status_and_code(refused) == (403, "registration_closed")
    assert register_with_token(acme, second, email).status_code == 201
