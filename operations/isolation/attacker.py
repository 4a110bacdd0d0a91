"""The credentials that a run attacks with."""

import time
import uuid
from contextlib import suppress
from dataclasses import dataclass

import jwt
from django.utils import timezone

from accounts.api_keys import authenticate_api_key
from accounts.problems import TokenInvalid
from accounts.sessions.authentication import find_session_with_user
from accounts.sessions.expiry import session_end
from operations.isolation.canaries import AuditIncompleteError, Canaries
from operations.isolation.seeding import create_api_key, create_session
from operations.isolation.tenants import AuditTenant
from tenants.availability import TenantState, tenant_state
from tenants.context import tenant_context
from tenants.credentials import API_KEY_PREFIX, api_key_text
from tenants.routing import tenant_for_id
from tenants.signing_keys import current_key_id, signing_key


@dataclass(slots=True)
class Attacker:
    """An owner of one tenant: the most that a tenant can give to its own people."""

    party: AuditTenant
    victim: Canaries
    access: str = ""
    refresh: str = ""
    api_key: str = ""
    session_id: uuid.UUID | None = None

    def ready(self) -> None:
        """Have a living session; the requests before may have ended it. Raises Blind."""
        now = tenant_for_id(self.party.ref.id)
        if now is None or tenant_state(now) is not TenantState.SERVED:
            raise AuditIncompleteError("A request took the attacking tenant off the air.")
        if self.session_id is None or not self._alive(self.session_id):
            session, self.access, self.refresh = create_session(self.party, self.party.attacker)
            self.session_id = session.id
        if not self._key_lives():
            self.api_key = create_api_key(self.party, self.party.attacker)

    def _alive(self, session_id: uuid.UUID) -> bool:
        with tenant_context(self.party.ref):
            found = find_session_with_user(session_id)
            return (
                found is not None
                and found.user.is_active
                and session_end(found, timezone.now()) is None
            )

    def _key_lives(self) -> bool:
        with tenant_context(self.party.ref), suppress(TokenInvalid):
            return authenticate_api_key(self.api_key).user == self.party.attacker
        return False

    def credentials(self) -> dict[str, str]:
        """Return every bearer credential by what it is."""
        own, theirs = (
            str(current_key_id(self.party.ref)),
            str(current_key_id(self.victim.party.ref)),
        )
        claims = jwt.decode(self.access, options={"verify_signature": False})
        foreign = {
            **claims,
            "sid": self.victim.ids["session"][0],
            "user_id": self.victim.ids["user"][0],
        }
        key = signing_key(self.party.ref)
        return {
            "access token": self.access,
            "refresh token": self.refresh,
            "API key": self.api_key,
            "API key, their id in it": _replace_tenant_id(self.api_key, self.victim.party.ref.id),
            "expired token": _sign({**claims, "exp": int(time.time()) - 60}, key, own),
            "own key, their kid": _sign(foreign, key, theirs),
            "own key, their session": _sign(foreign, key, own),
            "unsigned, their kid": jwt.encode(
                foreign, "", algorithm="none", headers={"kid": theirs}
            ),
            "nobody": "",
        }


def _replace_tenant_id(api_key: str, tenant_id: uuid.UUID) -> str:
    """Return the key with another tenant's id in the place of its own."""
    return api_key_text(tenant_id, api_key[len(API_KEY_PREFIX) + 32 : -8])


def _sign(claims: dict[str, object], key: str, kid: str) -> str:
    return jwt.encode(claims, key, algorithm="HS256", headers={"kid": kid})
