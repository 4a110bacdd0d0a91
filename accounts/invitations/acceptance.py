"""Who may join a workspace: everybody where it is open, and whoever holds a good invitation.

Whatever is wrong with an invitation, the answer is the same RegistrationClosed, so that nobody
learns whether there is one, for whom, or since when it is void. One that is not good is refused on
an open workspace too: whoever sends one means to join as what it says, and must not silently become
something else.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from accounts.invitations.queries import invitation_with_token, locked_invitation, state_of
from accounts.invitations.states import PENDING, with_state
from accounts.models import Invitation, User
from accounts.problems import RegistrationClosed
from audit.services import Actor, Target, record
from core.problems import NotFound
from core.text.email_addresses import address_key
from tenants.context import current_tenant
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Admission:
    """As what somebody may join, and since when their address counts as verified."""

    role: str = User.Role.MEMBER
    verified_at: datetime | None = None
    invitation: Invitation | None = None


def admission_of(email: str, token: str) -> Admission:
    """Tell whether a canonical address may join now, changing nothing.

    Raises RegistrationClosed.
    """
    if not token:
        return _of_the_open()
    invitation = good_invitation(token)
    if invitation.email and address_key(invitation.email) != email:
        raise RegistrationClosed
    # The token was mailed to that address, and to no other.
    verified_at = timezone.now() if invitation.email else None
    return Admission(invitation.role, verified_at, invitation)


def kept_as(admission: Admission) -> str:
    """Return what a registration that waits for its confirmation keeps of an admission."""
    return _hash(admission.invitation).hex() if admission.invitation else ""


def admission_kept(kept: str) -> Admission:
    """Tell whether what ``kept_as`` returned still admits, changing nothing.

    An invitation that was revoked, or sent again, meanwhile does not. Raises RegistrationClosed.
    """
    if not kept:
        return _of_the_open()
    invitation = with_state().filter(hash=bytes.fromhex(kept)).first()
    if invitation is None or state_of(invitation) != PENDING:
        raise RegistrationClosed
    return Admission(invitation.role, None, invitation)


def _of_the_open() -> Admission:
    if current_tenant().registration != Tenant.Registration.OPEN:
        raise RegistrationClosed
    return Admission()


def good_invitation(token: str) -> Invitation:
    """Return the pending invitation that a token is for, changing nothing.

    Raises RegistrationClosed.
    """
    invitation = invitation_with_token(token)
    if invitation is None or state_of(invitation) != PENDING:
        raise RegistrationClosed
    return invitation


def use_up(admission: Admission, *, actor: Actor) -> None:
    """Count one use of the invitation, if it took one. Call inside the transaction that adds them.

    Its row is locked from here to the commit, so that it is used as often as it may be and no more,
    and not at all if joining fails. Raises RegistrationClosed.
    """
    if admission.invitation is None:
        return
    seen = admission.invitation
    try:
        invitation = locked_invitation(seen.pk)
    except NotFound as exc:
        raise RegistrationClosed from exc
    if state_of(invitation) != PENDING or _hash(invitation) != _hash(seen):
        raise RegistrationClosed
    invitation.uses += 1
    invitation.save(update_fields=["uses", "updated_at"])
    target = Target("invitation", str(invitation.pk), invitation.email)
    record("invitation.accepted", actor=actor, target=target, uses=invitation.uses)


def _hash(invitation: Invitation) -> bytes:
    return bytes(invitation.hash or b"")
