"""Times in e-mails: in the recipient's language and time zone, which they name."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from accounts.email.outbox import enqueue_email
from accounts.models import Letter
from tenants.context import tenant_context
from tests.support.factories import Agency, Person, add_member
from tests.support.http_client import PASSWORD
from tests.support.mail.outbox import configure_tenant, update_user_row
from tests.support.mail.smtp_server import SmtpServer
from tests.support.mailbox import Mail

Deliver = Callable[[], str]
# In the evening of the day before in America, and in the afternoon in Asia.
AT = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("own", "default", "language", "said"),
    [
        ("", "", "en", "March 1, 2026, 1:30 a.m. (UTC)"),
        ("", "Asia/Tokyo", "en", "March 1, 2026, 10:30 a.m. (Asia/Tokyo)"),
        ("America/Sao_Paulo", "Asia/Tokyo", "en", "Feb. 28, 2026, 10:30 p.m. (America/Sao Paulo)"),
        ("America/Sao_Paulo", "", "pt-br", "28 de Fevereiro de 2026 às 22:30 (America/Sao Paulo)"),
        ("Nowhere/Gone", "", "en", "March 1, 2026, 1:30 a.m. (UTC)"),
    ],
)
def test_time_is_in_the_time_zone_and_language_of_the_recipient(
    agency: Agency,
    smtp_server: SmtpServer,
    deliver: Deliver,
    own: str,
    default: str,
    language: str,
    said: str,
):
    configure_tenant(agency, time_zone=default)
    update_user_row(agency, agency.owner.email, time_zone=own, language=language)
    changed = {"current_password": PASSWORD, "password": "another long sentence"}
    assert agency.owner.at.post("/api/auth/password/change", changed).status_code == 204

    [mail] = delivered(agency, smtp_server, deliver)

    assert_said(mail, said)


@pytest.mark.parametrize(
    "kind",
    [
        "email_change_notice",
        "ownership_given",
        "ownership_received",
        "password_changed",
        "second_factor",
    ],
)
def test_time_of_every_kind_is_in_the_time_zone_of_the_recipient(
    agency: Agency, smtp_server: SmtpServer, deliver: Deliver, kind: str
):
    update_user_row(agency, agency.owner.email, time_zone="America/Sao_Paulo", language="en")
    queue(agency, kind, agency.owner, what="added")

    [mail] = delivered(agency, smtp_server, deliver)

    assert_said(mail, "Feb. 28, 2026, 10:30 p.m. (America/Sao Paulo)")


def test_former_address_is_told_in_the_time_zone_of_the_user(
    agency: Agency, smtp_server: SmtpServer, deliver: Deliver
):
    member = add_member(agency, "before@here.test")
    update_user_row(agency, member.email, time_zone="Asia/Tokyo", language="en")
    changed = {"email": "after@here.test"}
    assert agency.owner.at.patch(f"/api/users/{member.id}", changed).status_code == 200

    [mail] = delivered(agency, smtp_server, deliver)

    assert mail.message["To"] == "before@here.test"
    assert_said(mail, "March 1, 2026, 10:30 a.m. (Asia/Tokyo)")


@pytest.mark.parametrize(
    ("zone", "language", "day"),
    [
        ("", "en", "March 1, 2026"),
        ("America/Sao_Paulo", "en", "Feb. 28, 2026"),
        ("America/Sao_Paulo", "pt-br", "28 de Fevereiro de 2026"),
    ],
)
def test_day_of_a_deletion_is_in_the_time_zone_of_the_owner(
    agency: Agency, smtp_server: SmtpServer, deliver: Deliver, zone: str, language: str, day: str
):
    update_user_row(agency, agency.owner.email, time_zone=zone, language=language)
    queue(agency, "workspace_leaving", agency.owner, due_at="2026-03-01T01:30:00.000000Z", by="x@y")

    [mail] = delivered(agency, smtp_server, deliver)

    assert_said(mail, day)


def queue(agency: Agency, kind: str, person: Person, **data: str) -> None:
    with tenant_context(agency.ref):
        enqueue_email(kind, to=person.email, user=str(person.id), **data)


def delivered(agency: Agency, smtp_server: SmtpServer, deliver: Deliver) -> list[Mail]:
    """Deliver what is queued, as if it had been queued at ``AT``."""
    with tenant_context(agency.ref):
        Letter.objects.update(created_at=AT)
    deliver()
    return smtp_server.taken


def assert_said(mail: Mail, text: str) -> None:
    for part in ("plain", "html"):
        body = mail.message.get_body((part,)).get_content()
        assert text in " ".join(body.split())
