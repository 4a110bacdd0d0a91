"""Rate limits of e-mails to unverified addresses, over all kinds and tenants."""

import secrets
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.email.outbox import enqueue_email
from accounts.models import Letter, MailLink
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.mail.outbox import email_links, request_password_reset, update_user_row
from tests.support.mail.smtp_server import SmtpServer

MOST = 3


@pytest.fixture
def limited_address(settings) -> str:
    """An unused address with a limit of three e-mails."""
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail_unverified": f"{MOST}/86400"}
    return f"s{secrets.token_hex(6)}@xn--prbe-6qa.example"


@pytest.fixture
def agencies(no_mailer: None, new_agency: Callable[..., Agency]) -> list[Agency]:
    found = [new_agency(), new_agency()]
    for agency in found:
        with tenant_context(agency.ref):
            Letter.objects.all().delete()
    return found


def register(agency: Agency, email: str) -> None:
    with tenant_context(agency.ref):
        enqueue_email("registration", to=email, person="sealed")


def test_emails_to_an_unverified_address_are_limited_over_tenants(
    agencies: list[Agency], limited_address: str, smtp_server: SmtpServer, deliver
):
    one, two = agencies
    register(one, limited_address)
    register(two, limited_address)
    asked = [
        agency.owner.at.post("/api/invitations", {"email": limited_address}) for agency in agencies
    ]
    added = one.owner.at.post("/api/users", {"email": limited_address})

    deliver()

    assert [answer.status_code for answer in (*asked, added)] == [201] * 3
    assert not any("mail_unverified" in str(answer.headers) for answer in (*asked, added))
    assert smtp_server.recipients == [limited_address] * MOST
    # What was not sent left no link behind.
    created = len(email_links(one, email=limited_address)) + len(
        email_links(two, email=limited_address)
    )
    assert created <= MOST
    for agency in agencies:
        with tenant_context(agency.ref):
            assert not Letter.objects.exists()


def test_emails_without_recipient_are_not_counted(
    agencies: list[Agency], limited_address: str, smtp_server: SmtpServer, deliver
):
    for _ in range(MOST + 1):
        request_password_reset(agencies[0], limited_address)
    register(agencies[1], limited_address)

    deliver()

    assert smtp_server.recipients == [limited_address]


def test_verified_address_is_not_limited(
    agencies: list[Agency], limited_address: str, smtp_server: SmtpServer, deliver
):
    agency, other = agencies
    update_user_row(
        agency, agency.owner.email, email=limited_address, email_verified_at=timezone.now()
    )
    for _ in range(MOST + 1):
        register(other, limited_address)
    for _ in range(MOST):
        request_password_reset(agency, limited_address)

    deliver()

    assert len(smtp_server.recipients) == MOST + MOST
    with tenant_context(agency.ref):
        assert MailLink.objects.filter(email=limited_address, purpose="reset").count() == MOST


def test_former_verified_address_is_always_notified(
    agencies: list[Agency], limited_address: str, smtp_server: SmtpServer, deliver
):
    agency, other = agencies
    update_user_row(
        agency, agency.owner.email, email=limited_address, email_verified_at=timezone.now()
    )
    for _ in range(MOST):
        register(other, limited_address)
    deliver()
    changed = agency.owner.at.patch(f"/api/users/{agency.owner.id}", {"email": "new@there.example"})
    assert changed.status_code == 200

    deliver()

    subjects = [mail.subject for mail in smtp_server.to(limited_address)]
    assert len(subjects) == MOST + 1
    assert "was changed" in subjects[-1]
