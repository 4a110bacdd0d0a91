"""Invitations in tests: created over HTTP; their tokens are renewed as the mailer does."""

import time
import uuid
from typing import Any

from httpx import Response

from accounts.invitations.services import renew_invitation_token
from accounts.models import Invitation, Letter, User
from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.factories import Agency
from tests.support.http_client import PASSWORD, Host

INVITATIONS = "/api/invitations"
REGISTER = "/api/auth/register"
CLOSED = (403, "registration_closed")
FIELDS = {
    *("id", "email", "role", "state", "invited_by", "max_uses", "uses"),
    *("expires_at", "created_at", "updated_at"),
}


def post_invitation(
    agency: Agency, email: str = "", *, at: Host | None = None, **fields: Any
) -> dict:
    """Create an invitation and return the response."""
    body = {"email": email, **fields} if email else fields
    answer = (at or agency.owner.at).post(INVITATIONS, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def token_of_invitation(agency: Agency, invitation: dict) -> str:
    """Return a new token of an e-mail invitation, after its e-mail was sent."""
    end = time.monotonic() + 30
    with tenant_context(agency.ref):
        while Letter.objects.filter(data__invitation=invitation["id"]).exists():
            assert time.monotonic() < end, "the letter does not go out"
            time.sleep(0.02)
        return renew_invitation_token(Invitation.objects.get(pk=uuid.UUID(invitation["id"])))


def register_with_token(agency: Agency, token: str, email: str) -> Response:
    """Register with an invitation, and retry while the server is too busy to hash."""
    end = time.monotonic() + 60
    while True:
        answer = agency.host.post(REGISTER, registration_body(token, email))
        if answer.status_code != 503:
            return answer
        assert time.monotonic() < end, answer.text
        time.sleep(0.2)


def registration_body(token: str, email: str, **fields: str) -> dict:
    """Return the body of a registration with an invitation."""
    names = {"first_name": "N", "last_name": "P"}
    return {"email": email, "password": PASSWORD, "invitation": token, **names, **fields}


def update_invitation_row(agency: Agency, invitation: dict, **columns: Any) -> None:
    """Update columns of an invitation."""
    with tenant_context(agency.ref):
        Invitation.objects.filter(pk=invitation["id"]).update(**columns)


def update_user_row(agency: Agency, address: str, /, **columns: Any) -> None:
    """Update columns of a user, bypassing the services."""
    with tenant_context(agency.ref):
        assert User.objects.filter(email=address).update(**columns) == 1


def audit_events(agency: Agency, action: str) -> list[AuditEvent]:
    """Return the tenant's audit events with one action, oldest first."""
    with tenant_context(agency.ref):
        return list(AuditEvent.objects.filter(action=action).order_by("at", "id"))


def roles_by_email(agency: Agency) -> dict[str, str]:
    """Return the role of each user by address."""
    with tenant_context(agency.ref):
        return dict(User.objects.values_list("email", "role"))


def open_invitations(agency: Agency, **conditions: object) -> dict[str, str]:
    """Return the roles of the open invitations by address."""
    with tenant_context(agency.ref):
        rows = Invitation.objects.filter(revoked_at=None, uses=0, **conditions)
        return {row.email: row.role for row in rows}
