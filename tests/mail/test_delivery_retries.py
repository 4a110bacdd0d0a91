"""Delivery retries: mail servers that are busy, down or refuse, and e-mails that cannot be sent."""

import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.email.outbox import enqueue_email
from accounts.models import Letter
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.mail.outbox import (
    audit_events,
    make_all_due,
    queued_emails,
    request_password_reset,
)
from tests.support.mail.smtp_server import SmtpServer


def test_busy_server_is_retried(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency)
    smtp_server.data = "451 Try again later"

    assert "1 rescheduled" in deliver()

    (letter,) = queued_emails(agency)
    assert letter.attempts == 1
    assert "451 Try again later" in letter.last_error
    assert timedelta(seconds=30) < letter.due_at - timezone.now() < timedelta(seconds=61)
    smtp_server.data = ""
    deliver()
    assert smtp_server.taken == [], "it is not due yet"
    make_all_due(agency)
    deliver()
    assert len(smtp_server.taken) == 1
    assert queued_emails(agency) == []


def test_retry_delay_grows(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency)
    smtp_server.data = "451 Try again later"
    waits = []
    for _ in range(4):
        make_all_due(agency)
        deliver()
        waits.append(round((queued_emails(agency)[0].due_at - timezone.now()).total_seconds() / 60))

    assert waits == [1, 2, 4, 8]


@pytest.mark.parametrize("refusal", ["rcpt", "data"])
def test_permanent_refusal_is_not_retried(
    agency: Agency, smtp_server: SmtpServer, deliver, refusal: str
):
    request_password_reset(agency)
    setattr(smtp_server, refusal, "550 Nobody of that name")

    deliver()

    assert queued_emails(agency) == []
    (given_up,) = audit_events(agency, "mail.given_up")
    assert given_up.target_label == agency.owner.email
    assert given_up.details["attempts"] == 1
    assert "550 Nobody of that name" in given_up.details["error"]
    assert audit_events(agency, "password.reset_requested") == []


def test_old_email_is_given_up(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency)
    smtp_server.data = "451 Try again later"
    with tenant_context(agency.ref):
        Letter.objects.update(created_at=timezone.now() - timedelta(hours=73))

    deliver()

    assert queued_emails(agency) == []
    assert len(audit_events(agency, "mail.given_up")) == 1


def test_unavailable_server_costs_one_attempt(agency: Agency, smtp_server, settings, deliver):
    request_password_reset(agency)
    request_password_reset(agency, "somebody@else.test")
    with socket.create_server(("127.0.0.1", 0)) as closed_port:
        settings.EMAIL_PORT = closed_port.getsockname()[1]
    request_password_reset(agency)

    deliver()

    assert [letter.attempts for letter in queued_emails(agency)] in ([1, 0, 0], [1, 1, 0])


def test_rendering_error_does_not_stop_other_emails(agency, smtp_server, deliver):
    with tenant_context(agency.ref):
        enqueue_email("of_no_kind", to=agency.owner.email)
    request_password_reset(agency)

    deliver()

    assert len(smtp_server.taken) == 1
    (left,) = queued_emails(agency)
    assert (left.kind, left.attempts) == ("of_no_kind", 1)
