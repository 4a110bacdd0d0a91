"""Helpers for the outbox, e-mail tokens, users and audit events."""

import time

from django.utils import timezone

from accounts.models import Letter, MailLink, User
from audit.models import AuditEvent
from audit.services import SYSTEM
from tenants.context import tenant_context
from tenants.services import update_settings
from tests.support.factories import Agency

MAIL_TIMEOUT_SECONDS = 30.0


def audit_events(agency: Agency, action: str) -> list[AuditEvent]:
    with tenant_context(agency.ref):
        return list(AuditEvent.objects.filter(action=action).order_by("at", "id"))


def request_password_reset(agency: Agency, email: str = "", **headers: str) -> None:
    """Request a password reset, by default for the owner."""
    asked = {"email": email or agency.owner.email}
    answer = agency.host.post("/api/auth/password/forgot", asked, headers=headers)
    assert answer.status_code == 204


def make_all_due(agency: Agency) -> None:
    """Make every queued e-mail due now."""
    with tenant_context(agency.ref):
        Letter.objects.update(due_at=timezone.now())


def queued_emails(agency: Agency) -> list[Letter]:
    with tenant_context(agency.ref):
        return list(Letter.objects.order_by("created_at", "id"))


def empty_outbox(agency: Agency) -> None:
    """Delete what waits to be sent."""
    with tenant_context(agency.ref):
        Letter.objects.all().delete()


def email_links(agency: Agency, **wanted: object) -> list[MailLink]:
    with tenant_context(agency.ref):
        return list(MailLink.objects.filter(**wanted))


def user_with_email(agency: Agency, email: str) -> User:
    with tenant_context(agency.ref):
        return User.objects.get(email=email)


def update_user_row(agency: Agency, who: str, **values: object) -> None:
    with tenant_context(agency.ref):
        assert User.objects.filter(email=who).update(**values) == 1


def configure_tenant(agency: Agency, registration: str = "open", **settings: str) -> None:
    """Set the registration mode and settings of a tenant."""
    details = {"registration": registration}
    update_settings(
        agency.ref.id, details=details, settings=settings, actor=SYSTEM, check=lambda _: None
    )


def wait_for_mail(agency: Agency) -> None:
    """Wait until the outbox is empty: the mailer has sent what a sign-up asked for."""
    end = time.monotonic() + MAIL_TIMEOUT_SECONDS
    while queued_emails(agency):
        assert time.monotonic() < end, "The mailer does not send."
        time.sleep(0.05)
