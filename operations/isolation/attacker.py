"""The attacking tenant's credentials."""

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass

import jwt
from django.utils import timezone

from accounts.api_keys import authenticate_api_key
from accounts.authentication import find_session_with_user
from accounts.problems import TokenInvalid
from accounts.sessions.expiry import session_end
from operations.isolation.canaries import AuditIncompleteError, Canaries
from operations.isolation.seeding import create_api_key, create_session
from operations.isolation.tenants import AuditTenant
from tenants.context import tenant_context
from tenants.credentials import API_KEY_PREFIX, api_key_text
from tenants.routing import tenant_for_id
from tenants.signing_keys import current_key_id, signing_key
from tenants.states import TenantState, tenant_state


@dataclass(slots=True)
class Attacker:
    """An owner of one tenant, which is the highest role that a tenant can give."""

    tenant: AuditTenant
    victim: Canaries
    access: str = ""
    refresh: str = ""
    api_key: str = ""
    session_id: uuid.UUID | None = None

    def ensure_credentials(self) -> None:
        """Renew the session and the API key if a request has ended them.

        Raises: AuditIncompleteError if the attacking tenant is no longer served.
        """
        current = tenant_for_id(self.tenant.ref.id)
        if current is None or tenant_state(current) is not TenantState.SERVED:
            raise AuditIncompleteError("A request stopped the attacking tenant.")
        if self.session_id is None or not self._is_session_active(self.session_id):
            session, self.access, self.refresh = create_session(self.tenant, self.tenant.attacker)
            self.session_id = session.id
        if not self._is_key_valid():
            self.api_key = create_api_key(self.tenant, self.tenant.attacker)

    def _is_session_active(self, session_id: uuid.UUID) -> bool:
        with tenant_context(self.tenant.ref):
            found = find_session_with_user(session_id)
            return (
                found is not None
                and found.user.is_active
                and session_end(found, timezone.now()) is None
            )

    def _is_key_valid(self) -> bool:
        with tenant_context(self.tenant.ref), suppress(TokenInvalid):
            return authenticate_api_key(self.api_key).user == self.tenant.attacker
        return False

    def credentials(self) -> dict[str, str]:
        """Return every bearer credential by its name."""
        own_kid, victim_kid = (
            str(current_key_id(self.tenant.ref)),
            str(current_key_id(self.victim.tenant.ref)),
        )
        claims = jwt.decode(self.access, options={"verify_signature": False})
        foreign = {
            **claims,
            "sid": self.victim.ids["session"][0],
            "user_id": self.victim.ids["user"][0],
        }
        key = signing_key(self.tenant.ref)
        return {
            "access token": self.access,
            "refresh token": self.refresh,
            "API key": self.api_key,
            "API key, their id in it": _replace_tenant_id(self.api_key, self.victim.tenant.ref.id),
            "expired token": _sign({**claims, "exp": int(time.time()) - 60}, key, own_kid),
            "own key, their kid": _sign(foreign, key, victim_kid),
            "own key, their session": _sign(foreign, key, own_kid),
            "unsigned, their kid": jwt.encode(
                foreign, "", algorithm="none", headers={"kid": victim_kid}
            ),
            "anonymous": "",
        }


def _replace_tenant_id(api_key: str, tenant_id: uuid.UUID) -> str:
    """Return the key with another tenant's id."""
    return api_key_text(tenant_id, api_key[len(API_KEY_PREFIX) + 32 : -8])


def _sign(claims: dict[str, object], key: str, kid: str) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
