"""manage.py failed_mail and send_test_mail."""

import json

import pytest
from django.core.management import CommandError

from accounts.models import Letter
from audit.models import AuditEvent
from core.db_backend.scope import PUBLIC, use_scope
from tenants.context import tenant_context
from tests.support.commands import run_command
from tests.support.factories import Agency
from tests.support.mail.outbox import audit_events, queued_emails, request_password_reset
from tests.support.mail.smtp_server import SmtpServer

REFUSED_FOR_NOW = "451 the mailbox is busy"
REFUSED = "550 no such mailbox"


def failed(*arguments: str) -> dict:
    return json.loads(run_command("failed_mail", *arguments, "--json"))


def recorded_trials() -> list[AuditEvent]:
    with use_scope(PUBLIC):
        return list(AuditEvent.objects.filter(action="mail.tested").order_by("at", "id"))


def test_waiting_email_is_listed_with_the_reason_and_sent_by_retry(
    agency: Agency, smtp_server: SmtpServer, deliver
):
    smtp_server.rcpt = REFUSED_FOR_NOW
    request_password_reset(agency)
    deliver()

    [email] = failed("--tenant", agency.slug)["emails"]

    assert (email["tenant"], email["state"], email["attempts"]) == (agency.slug, "waiting", 1)
    assert REFUSED_FOR_NOW in email["error"]
    assert "send_test_mail" in run_command("failed_mail", "--tenant", agency.slug)
    smtp_server.rcpt = ""
    deliver()
    assert smtp_server.taken == []

    assert failed("--tenant", agency.slug, "--retry")["retried"] == 1
    deliver()

    assert [mail.is_for(agency.owner.email) for mail in smtp_server.taken] == [True]
    [event] = audit_events(agency, "mail.retried")
    assert (event.actor_type, event.target_label) == ("system", agency.owner.email)


def test_given_up_email_is_listed_and_not_retried(agency: Agency, smtp_server: SmtpServer, deliver):
    smtp_server.rcpt = REFUSED
    request_password_reset(agency)
    deliver()

    document = failed("--tenant", agency.slug, "--retry")

    [email] = document["emails"]
    assert (email["state"], email["due_at"], document["retried"]) == ("given_up", None, 0)
    assert REFUSED in email["error"]
    assert "1 e-mail given up" in run_command("failed_mail", "--tenant", agency.slug)
    assert failed("--tenant", agency.slug, "--days", "0")["emails"] == []


def test_dry_run_of_a_retry_changes_nothing(agency: Agency, smtp_server: SmtpServer, deliver):
    smtp_server.rcpt = REFUSED_FOR_NOW
    request_password_reset(agency)
    deliver()
    [before] = queued_emails(agency)

    document = failed("--tenant", agency.slug, "--retry", "--dry-run")

    assert (len(document["emails"]), document["retried"]) == (1, 0)
    assert queued_emails(agency)[0].due_at == before.due_at


def test_list_shows_no_data_of_an_email(agency: Agency):
    with tenant_context(agency.ref):
        Letter.objects.create(
            kind="verify_email",
            recipient="é@x.test",
            last_error="no",
            data={"token": "very-secret", "asked": {"client_address": "192.0.2.9"}},
        )

    out = run_command("failed_mail") + run_command("failed_mail", "--json")

    assert "é@x.test" in out
    assert "very-secret" not in out
    assert "192.0.2.9" not in out


def test_retry_of_one_tenant_leaves_another(agency: Agency, new_agency):
    other = new_agency()
    for each in (agency, other):
        with tenant_context(each.ref):
            Letter.objects.all().delete()
            Letter.objects.create(kind="verify_email", recipient="a@x.test", last_error="no")
    [before] = queued_emails(other)

    run_command("failed_mail", "--tenant", agency.slug, "--retry")

    assert queued_emails(other)[0].due_at == before.due_at
    assert audit_events(other, "mail.retried") == []
    with tenant_context(other.ref):
        Letter.objects.all().delete()


def test_trial_email_is_sent_at_once_and_the_answer_told(smtp_server: SmtpServer, settings):
    before = len(recorded_trials())

    out = run_command("send_test_mail", "Ops@Trial.test", "--language", "pt-br")

    assert f"127.0.0.1:{settings.EMAIL_PORT} took the e-mail to ops@trial.test." in out
    assert "It answered: 250 OK" in out
    [mail] = smtp_server.to("ops@trial.test")
    assert mail.subject == "E-mail de teste do Aggios"
    event = recorded_trials()[before]
    assert (event.actor_type, event.target_label) == ("system", "ops@trial.test")
    assert event.details == {"accepted": True}


@pytest.mark.parametrize("stage", ["rcpt", "data"])
def test_refused_trial_email_tells_the_servers_reason(smtp_server: SmtpServer, stage: str):
    setattr(smtp_server, stage, "554 5.7.1 blocked by policy")

    with pytest.raises(CommandError, match=r"554 5\.7\.1 blocked by policy") as caught:
        run_command("send_test_mail", "ops@trial.test")

    assert "\n" not in str(caught.value)
    assert recorded_trials()[-1].details == {"accepted": False}


def test_trial_email_without_a_server_names_its_address(smtp_server: SmtpServer, settings):
    settings.EMAIL_PORT = 1

    with pytest.raises(CommandError, match=r"127\.0\.0\.1:1 did not take .* refused"):
        run_command("send_test_mail", "ops@trial.test")


def test_refused_trial_email_as_json_is_a_document_and_a_failure(smtp_server: SmtpServer, capsys):
    smtp_server.rcpt = REFUSED

    with pytest.raises(CommandError):
        run_command("send_test_mail", "ops@trial.test", "--json")


@pytest.mark.parametrize(
    "address", ["", "no-address", "a@b", "é@x.test", "a@x.test\nBcc: b@x.test"]
)
def test_trial_email_to_an_invalid_address_is_refused(smtp_server: SmtpServer, address: str):
    with pytest.raises(CommandError, match="email: "):
        run_command("send_test_mail", address)

    assert smtp_server.taken == []
