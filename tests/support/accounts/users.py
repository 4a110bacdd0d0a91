"""Users that tests create without a log-in, and their audit events."""

import secrets
from datetime import timedelta

from django.db import transaction

from accounts.models import User
from accounts.sessions.services import open_session
from accounts.sessions.tokens import access_token
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.factories import Agency, Person


def random_email() -> str:
    """Return an unused e-mail address."""
    return f"{secrets.token_hex(6)}@people.test"


def insert_user_row(agency: Agency, role: str = "member", **fields) -> str:
    """Add a user without a password; return the id."""
    fields = {"email": random_email(), "password": "!", "role": role, **fields}
    with tenant_context(agency.ref):
        return str(User.objects.create(**fields).id)


def user_with_session(
    agency: Agency, role: str = "member", *, proved_days_ago: int = 0, **fields
) -> Person:
    """Add a user and open a session, without the cost of a password hash."""
    person_id = insert_user_row(agency, role, **fields)
    with tenant_context(agency.ref), transaction.atomic():
        user = User.objects.get(pk=person_id)
        opened = open_session(user)
        opened.session.proved_at -= timedelta(days=proved_days_ago)
        opened.session.save(update_fields=["proved_at"])
        token = access_token(opened.session, user)
    return Person(person_id, user.email, token, opened.refresh_token, agency.host.with_token(token))


def audit_actions(agency: Agency, target: str) -> list[str]:
    """Return the audit actions on a target, oldest first."""
    with tenant_context(agency.ref):
        events = AuditEvent.objects.filter(target_id=target).order_by("at", "id")
        return list(events.values_list("action", flat=True))


def active_owners(agency: Agency) -> list[str]:
    """Return the ids of the active owners."""
    with tenant_context(agency.ref):
        owners = User.objects.filter(role="owner", is_active=True, removed_at=None)
        return [str(pk) for pk in owners.values_list("id", flat=True)]


def user_row(agency: Agency, person_id: str) -> User:
    """Return a user's row."""
    with tenant_context(agency.ref):
        return User.objects.get(pk=person_id)
