"""Reading invitations: the only way to their rows for views."""

import uuid

from django.db.models import Q, QuerySet

from accounts.encryption import keyed_hash, keyed_hashes
from accounts.invitations.states import STATES, invitations_with_state
from accounts.models import Invitation
from core.api.filters import validate_choice
from core.problems import NotFound

PURPOSE = "invitation"


def find_invitations(*, state: str = "") -> QuerySet[Invitation]:
    """Return the tenant's invitations in one state, or all. Raises ValidationFailed."""
    found = invitations_with_state()
    return found.filter(Q(state=validate_choice("state", state, STATES))) if state else found


def get_invitation(invitation_id: uuid.UUID) -> Invitation:
    """Return one invitation. Raises NotFound."""
    found = invitations_with_state().filter(pk=invitation_id).first()
    if found is None:
        raise NotFound
    return found


def lock_invitation(invitation_id: uuid.UUID) -> Invitation:
    """Return one invitation with its row locked until the transaction ends. Raises NotFound."""
    found = (
        invitations_with_state().select_for_update(of=("self",)).filter(pk=invitation_id).first()
    )
    if found is None:
        raise NotFound
    return found


def find_invitation_by_token(token: str) -> Invitation | None:
    """Return the invitation that a token is for, whatever its state, or None."""
    return invitations_with_state().filter(hash__in=keyed_hashes(PURPOSE, token)).first()


def hash_invitation_token(token: str) -> bytes:
    """Return what is stored of a token."""
    return keyed_hash(PURPOSE, token)


def invitation_state(invitation: Invitation) -> str:
    """Return the state that the invitation was read with."""
    state: str = invitation.state  # type: ignore[attr-defined]
    return state
