"""Users with an authenticator app, whose clock can be wrong."""

import time
from base64 import b32decode
from dataclasses import dataclass
from typing import Any

import httpx
from django_otp.oath import TOTP

from audit.models import AuditEvent
from tenants.context import tenant_context
from tests.support.factories import Agency, Person
from tests.support.http_client import PASSWORD, Host

FACTORS = "/api/auth/factors"
LEAST_LEFT = 4


@dataclass(frozen=True)
class AuthenticatorApp:
    """An authenticator app with one secret."""

    secret: str

    def code(self, steps: int = 0) -> str:
        """Return the code of now, or of so many steps of 30 s beside it.

        Waits for the next step when this one ends within seconds, so that the server sees the same.
        """
        left = 30 - time.time() % 30
        if left < LEAST_LEFT:
            time.sleep(left)
        totp = TOTP(b32decode(self.secret))
        totp.time = time.time() + 30 * steps
        return f"{totp.token():06}"


@dataclass(frozen=True)
class EnrolledFactor:
    """A user's app, the factor's id and the recovery codes."""

    app: AuthenticatorApp
    id: str
    recovery_codes: list[str]


def start_enrolment(at: Host, **headers: str) -> httpx.Response:
    """Request a secret."""
    return at.post(FACTORS, {"type": "totp"}, headers=headers)


def enrol_totp(person: Person) -> EnrolledFactor:
    """Enrol a factor over HTTP with the previous code, so the current one stays unused."""
    begun = start_enrolment(person.at)
    assert begun.status_code == 201, begun.text
    app = AuthenticatorApp(begun.json()["secret"])
    done = person.at.post(f"{FACTORS}/{begun.json()['id']}/confirm", {"code": app.code(-1)})
    assert done.status_code == 200, done.text
    return EnrolledFactor(app, begun.json()["id"], done.json()["recovery_codes"])


def post_login(agency: Agency, person: Person, **fields: Any) -> httpx.Response:
    """Log the user in, by default with the right password."""
    body = {"email": person.email, "password": PASSWORD, **fields}
    return agency.host.post("/api/auth/login", body)


def audit_actions_of(agency: Agency, person: Person) -> list[str]:
    """Return the audit actions about a user's factor and log-ins, oldest first."""
    with tenant_context(agency.ref):
        rows = AuditEvent.objects.filter(target_label=person.email).order_by("id")
        return list(rows.values_list("action", flat=True))
