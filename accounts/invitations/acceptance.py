"""Who may register in a tenant: anyone if it is open, and holders of a valid invitation.

Every error of an invitation gives the same RegistrationClosed. So no response tells whether an
invitation exists, for which address, or since when it is invalid. An invalid invitation is refused
in an open tenant too: its holder wants the role in it and must not silently get another one.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.invitations.queries import (
    PENDING,
    find_invitation_by_token,
    invitation_state,
    invitations_with_state,
    lock_invitation,
)
from accounts.models import Invitation, User
from accounts.problems import RegistrationClosed
from audit.services import Actor, Target, record
from core.problems import NotFound
from core.text.email_addresses import address_key
from tenants.context import current_tenant
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class RegistrationGrant:
    """The role of a new user, and since when the address counts as verified."""

    role: str = User.Role.MEMBER
    verified_at: datetime | None = None
    invitation: Invitation | None = None


def check_registration(email: str, token: str) -> RegistrationGrant:
    """Return the grant for a canonical address and a token, without changing anything.

    Raises: RegistrationClosed.
    """
    if not token:
        return _open_registration_grant()
    invitation = get_pending_invitation(token)
    if invitation.email and address_key(invitation.email) != email:
        raise RegistrationClosed
    # The token was mailed to that address only.
    verified_at = timezone.now() if invitation.email else None
    return RegistrationGrant(invitation.role, verified_at, invitation)


def stored_grant(grant: RegistrationGrant) -> str:
    """Return what an unconfirmed registration stores of its grant."""
    return _token_hash(grant.invitation).hex() if grant.invitation else ""


def check_stored_grant(stored: str) -> RegistrationGrant:
    """Return the grant that ``stored_grant`` stored, without changing anything.

    An invitation that was revoked or resent since is not valid any more.

    Raises: RegistrationClosed.
    """
    if not stored:
        return _open_registration_grant()
    invitation = invitations_with_state().filter(hash=bytes.fromhex(stored)).first()
    if invitation is None or invitation_state(invitation) != PENDING:
        raise RegistrationClosed
    return RegistrationGrant(invitation.role, None, invitation)


def registration_is_open() -> bool:
    """Return whether anyone may register in the current tenant."""
    return current_tenant().registration == Tenant.Registration.OPEN


def _open_registration_grant() -> RegistrationGrant:
    if not registration_is_open():
        raise RegistrationClosed
    return RegistrationGrant()


def get_pending_invitation(token: str) -> Invitation:
    """Return the pending invitation of a token, without changing it. Raises: RegistrationClosed."""
    invitation = find_invitation_by_token(token)
    if invitation is None or invitation_state(invitation) != PENDING:
        raise RegistrationClosed
    return invitation


def consume_invitation(grant: RegistrationGrant, *, actor: Actor) -> None:
    """Count one use of the grant's invitation. Call inside the transaction that adds the user.

    The row stays locked until the commit, so the number of uses is exact, and a failed registration
    uses nothing.

    Raises: RegistrationClosed.
    """
    if grant.invitation is None:
        return
    seen = grant.invitation
    try:
        invitation = lock_invitation(seen.pk)
    except NotFound as exc:
        raise RegistrationClosed from exc
    if invitation_state(invitation) != PENDING or _token_hash(invitation) != _token_hash(seen):
        raise RegistrationClosed
    invitation.uses += 1
    invitation.save(update_fields=["uses", "updated_at"])
    target = Target("invitation", str(invitation.pk), invitation.email)
    record("invitation.accepted", actor=actor, target=target, uses=invitation.uses)


def _token_hash(invitation: Invitation) -> bytes:
    return bytes(invitation.hash or b"")
