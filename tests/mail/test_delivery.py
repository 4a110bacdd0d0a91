"""Delivery from the outbox to a mail server: what is sent, to which address, with which content."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections, transaction
from django.utils.html import escape

from accounts.email.delivery import deliver_all_tenants
from accounts.email.outbox import enqueue_email
from accounts.models import User
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.lifecycle import resume_tenant, suspend_tenant
from tenants.models import Tenant
from tests.support.factories import Agency
from tests.support.mail.outbox import (
    audit_events,
    make_all_due,
    queued_emails,
    request_password_reset,
)
from tests.support.mail.smtp_server import (
    LOG_IN,
    SmtpServer,
    self_signed_certificate,
    serve_smtp,
    smtp_authenticate,
)


def test_email_arrives_complete(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency)

    assert deliver().startswith("1 e-mail")

    (mail,) = smtp_server.to(agency.owner.email)
    assert mail.message["From"].addresses[0].addr_spec == "no-reply@aggios.localhost"
    assert smtp_server.senders == ["no-reply@aggios.localhost"]
    assert mail.message["Auto-Submitted"] == "auto-generated"
    assert mail.message.get_content_type() == "multipart/alternative"
    assert mail.link.startswith(f"http://{agency.slug}.aggios.localhost:")
    assert mail.link in mail.html
    assert "src=" not in mail.html
    assert queued_emails(agency) == []
    assert deliver().startswith("0 e-mail")
    assert len(smtp_server.taken) == 1


def test_email_has_the_language_of_the_request(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency, **{"Accept-Language": "pt-BR,pt;q=0.9"})

    deliver()

    (mail,) = smtp_server.taken
    assert mail.subject.startswith("Defina uma nova senha para ")
    assert "Ele vale uma única vez, por 1 hora." in mail.text
    assert 'lang="pt-br"' in mail.html
    assert mail.message["Content-Language"] == "pt-br"


def test_rolled_back_email_is_not_sent(agency: Agency, smtp_server: SmtpServer, deliver):
    with (
        pytest.raises(ZeroDivisionError),
        tenant_context(agency.ref),
        transaction.atomic(),
    ):
        enqueue_email("password_reset", to=agency.owner.email)
        raise ZeroDivisionError

    deliver()

    assert smtp_server.taken == []


def test_smtp_with_tls_and_log_in_works(
    agency, smtp_server, settings, deliver, tmp_path, monkeypatch
):
    pem, context = self_signed_certificate(tmp_path)
    options = {"authenticator": smtp_authenticate, "auth_required": True, "require_starttls": True}
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = LOG_IN
    settings.EMAIL_USE_TLS = True
    with serve_smtp(smtp_server, tls_context=context, **options) as port:
        settings.EMAIL_PORT = port
        request_password_reset(agency)

        deliver()
        assert "CERTIFICATE_VERIFY_FAILED" in queued_emails(agency)[0].last_error
        assert smtp_server.taken == [], "a server that cannot show who it is gets nothing"

        monkeypatch.setenv("SSL_CERT_FILE", str(pem))
        make_all_due(agency)
        deliver()
        assert len(smtp_server.taken) == 1

        settings.EMAIL_HOST_PASSWORD = "wrong"
        request_password_reset(agency)
        deliver()
        assert queued_emails(agency)[0].last_error.startswith("SMTPAuthenticationError: 535")
        assert audit_events(agency, "mail.given_up") == []


def test_parallel_mailers_send_each_email_once(agency: Agency, smtp_server: SmtpServer):
    with tenant_context(agency.ref):
        for _ in range(12):
            enqueue_email("password_reset", to=agency.owner.email)

    def one(_: int) -> int:
        try:
            return deliver_all_tenants().dealt_with
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(one, range(3)))

    assert sum(done) == len(smtp_server.taken) == 12
    assert len({mail.message["Message-ID"] for mail in smtp_server.taken}) == 12


def test_emails_of_one_kind_are_rate_limited(
    agency: Agency, smtp_server: SmtpServer, settings, deliver
):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "mail": "3/3600"}
    for _ in range(5):
        request_password_reset(agency)
    request_password_reset(agency, "cyn@globex.test")

    deliver()

    assert len(smtp_server.to(agency.owner.email)) == 3
    assert queued_emails(agency) == []


def test_suspended_tenant_sends_nothing(agency: Agency, smtp_server: SmtpServer, deliver):
    request_password_reset(agency)
    suspend_tenant(agency.ref.id, actor=SYSTEM, reason="Unpaid.")

    deliver()
    assert smtp_server.taken == []
    assert len(queued_emails(agency)) == 1

    resume_tenant(agency.ref.id, actor=SYSTEM)
    deliver()
    assert len(smtp_server.taken) == 1


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Evil\r\nBcc: victim@x.test", None),
        ("Win money at https://evil.test/now", None),
        ("Visit evil.test now", None),
        ("Call now", '"Call now"'),
        ("Ágência Ünïted", '"Ágência Ünïted"'),
    ],
)
def test_names_add_no_headers_and_no_links(
    agency: Agency, smtp_server: SmtpServer, deliver, name: str, shown: str | None
):
    Tenant.objects.filter(pk=agency.ref.id).update(name=name)
    request_password_reset(agency)

    deliver()

    (mail,) = smtp_server.taken
    called = shown or f"{agency.slug}.aggios.localhost"
    assert mail.subject == f"Set a new password for {called}"
    assert mail.message["Bcc"] is None
    assert "evil.test" not in mail.text + mail.html
    assert called in mail.text
    assert escape(called) in mail.html


@pytest.mark.parametrize(
    ("stored", "typed", "reached"),
    [
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.test",) * 3,
        ("o'neil+tag@some.test",) * 3,
        ("jo@xn--mnchen-3ya.test", "jo@München.test", "jo@xn--mnchen-3ya.test"),
        # IDNA 2003 would send it to fass.test.
        ("x@xn--fa-hia.test", "x@faß.test", "x@xn--fa-hia.test"),
        # A row of before that could not be rewritten.
        ("x@faß.test", "x@faß.test", "x@xn--fa-hia.test"),
    ],
)
def test_email_is_sent_to_the_canonical_address(
    agency: Agency, smtp_server: SmtpServer, deliver, stored: str, typed: str, reached: str
):
    with tenant_context(agency.ref):
        User.objects.filter(email=agency.owner.email).update(email=stored)
    request_password_reset(agency, typed)

    assert deliver() == "1 e-mail processed, 0 rescheduled.\n"

    assert smtp_server.recipients == [reached]
    assert [mail.is_for(reached) for mail in smtp_server.taken] == [True]


def test_email_to_an_unreachable_address_is_given_up(
    agency: Agency, smtp_server: SmtpServer, deliver
):
    unreachable = f"jo@{'b' * 64}.test"
    with tenant_context(agency.ref):
        User.objects.filter(email=agency.owner.email).update(email=unreachable)
    request_password_reset(agency, unreachable)

    assert deliver() == "0 e-mails processed, 0 rescheduled.\n"

    assert queued_emails(agency) == []

    assert smtp_server.taken == []
    [given_up] = audit_events(agency, "mail.given_up")
    assert given_up.details["error"].startswith("Address refused")
