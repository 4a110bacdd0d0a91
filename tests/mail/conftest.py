"""Limits that begin anew with each test, and mail that the test itself delivers."""

import io
from collections.abc import Callable, Iterator

import pytest
from django.core.management import call_command

from devstack.testing import TestStack
from tests.support.factories import Agency
from tests.support.http_client import Site
from tests.support.mail.outbox import configure_tenant, empty_outbox
from tests.support.mail.smtp_server import SmtpServer, serve_smtp


@pytest.fixture(autouse=True)
def _fresh_limits(fresh_limits: None) -> None:
    """Reset the rate limits before each test."""


@pytest.fixture(scope="module")
def no_mailer(site: Site, stores: TestStack) -> Iterator[None]:
    """Stop the site's mailer, after everything in the outboxes was sent."""
    stores.stop("mailer")
    # Into the folder, like the mailer: there is no SMTP server yet. Tests count what is sent.
    call_command("deliver_mail", "--once", stdout=io.StringIO())
    yield
    stores.start_ready("mailer")


@pytest.fixture
def agency(no_mailer: None, new_agency: Callable[..., Agency]) -> Iterator[Agency]:
    """An agency with an empty outbox before and after the test."""
    agency = new_agency()
    empty_outbox(agency)
    yield agency
    empty_outbox(agency)


@pytest.fixture
def smtp_server(no_mailer: None, settings) -> Iterator[SmtpServer]:
    """The SMTP server that this process sends to."""
    smtp_server = SmtpServer()
    with serve_smtp(smtp_server) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        settings.EMAIL_USE_TLS = False
        yield smtp_server


@pytest.fixture
def deliver() -> Callable[[], str]:
    """Process every outbox once: ``deliver()`` returns the output of the command."""

    def once() -> str:
        out = io.StringIO()
        call_command("deliver_mail", "--once", stdout=out)
        return out.getvalue()

    return once


@pytest.fixture
def verified_agency(new_agency: Callable[..., Agency]) -> Agency:
    """An agency with open registration that requires verified addresses."""
    agency = new_agency()
    configure_tenant(agency, email_verification="required")
    return agency
