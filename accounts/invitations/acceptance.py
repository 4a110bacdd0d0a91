"""Who may join a workspace: everybody where it is open, and whoever holds a good invitation.

Whatever is wrong with an invitation, the answer is the same RegistrationClosed, so that nobody
learns whether there is one, for whom, or since when it is void. One that is not good is refused on
an open workspace too: whoever sends one means to join as what it says, and must not silently become
something else.
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
    """As what somebody may join, and since when their address counts as verified."""

    role: str = User.Role.MEMBER
    verified_at: datetime | None = None
    invitation: Invitation | None = None


def check_registration(email: str, token: str) -> RegistrationGrant:
    """Tell whether a canonical address may join now, changing nothing.

    Raises RegistrationClosed.
    """
    if not token:
        return _open_registration_grant()
    invitation = get_pending_invitation(token)
    if invitation.email and address_key(invitation.email) != email:
        raise RegistrationClosed
    # The token was mailed to that address, and to no other.
    verified_at = timezone.now() if invitation.email else None
    return RegistrationGrant(invitation.role, verified_at, invitation)


def stored_grant(admission: RegistrationGrant) -> str:
    """Return what a registration that waits for its confirmation keeps of an admission."""
    return _token_hash(admission.invitation).hex() if admission.invitation else ""


def check_stored_grant(kept: str) -> RegistrationGrant:
    """Tell whether what ``stored_grant`` returned still admits, changing nothing.

    An invitation that was revoked, or sent again, meanwhile does not. Raises RegistrationClosed.
    """
    if not kept:
        return _open_registration_grant()
    invitation = invitations_with_state().filter(hash=bytes.fromhex(kept)).first()
    if invitation is None or invitation_state(invitation) != PENDING:
        raise RegistrationClosed
    return RegistrationGrant(invitation.role, None, invitation)


def _open_registration_grant() -> RegistrationGrant:
    if current_tenant().registration != Tenant.Registration.OPEN:
        raise RegistrationClosed
    return RegistrationGrant()


def get_pending_invitation(token: str) -> Invitation:
    """Return the pending invitation that a token is for, changing nothing.

    Raises RegistrationClosed.
    """
    invitation = find_invitation_by_token(token)
    if invitation is None or invitation_state(invitation) != PENDING:
        raise RegistrationClosed
    return invitation


def consume_invitation(admission: RegistrationGrant, *, actor: Actor) -> None:
    """Count one use of the invitation, if it took one. Call inside the transaction that adds them.

    Its row is locked from here to the commit, so that it is used as often as it may be and no more,
    and not at all if joining fails. Raises RegistrationClosed.
    """
    if admission.invitation is None:
        return
    seen = admission.invitation
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
