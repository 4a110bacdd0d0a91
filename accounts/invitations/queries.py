"""Queries for invitations, each with its state.

The state is computed by the database, so that lists and locks agree. An invitation depends on its
inviter: while the inviter is inactive, or may not grant the role any more, it is ``revoked``.
"""

import uuid

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.encryption import keyed_hash, keyed_hashes
from accounts.models import Invitation
from accounts.permissions import ADMIN, OWNER
from accounts.users.permissions import USER_ACTION_RULES
from core.api.filters import validate_choice
from core.problems import NotFound

PURPOSE = "invitation"
PENDING, ACCEPTED, EXPIRED, REVOKED = STATES = ("pending", "accepted", "expired", "revoked")
# A user may invite to the roles that the user may create.
INVITABLE_ROLES = {
    OWNER: USER_ACTION_RULES["create"].owner_targets,
    ADMIN: USER_ACTION_RULES["create"].admin_targets,
}


def find_invitations(*, state: str = "") -> QuerySet[Invitation]:
    """Return the tenant's invitations, optionally in one state. Raises: ValidationFailed."""
    rows = invitations_with_state()
    return rows.filter(Q(state=validate_choice("state", state, STATES))) if state else rows


def count_pending_invitations() -> int:
    """Return how many invitations may still be accepted."""
    return find_invitations(state=PENDING).count()


def get_invitation(invitation_id: uuid.UUID) -> Invitation:
    """Return one invitation. Raises: NotFound."""
    invitation = invitations_with_state().filter(pk=invitation_id).first()
    if invitation is None:
        raise NotFound
    return invitation


def lock_invitation(invitation_id: uuid.UUID) -> Invitation:
    """Return one invitation with the row locked. Raises: NotFound."""
    invitation = (
        invitations_with_state().select_for_update(of=("self",)).filter(pk=invitation_id).first()
    )
    if invitation is None:
        raise NotFound
    return invitation


def find_invitation_by_token(token: str) -> Invitation | None:
    """Return the invitation of a token in any state; None if there is none."""
    return invitations_with_state().filter(hash__in=keyed_hashes(PURPOSE, token)).first()


def hash_invitation_token(token: str) -> bytes:
    """Return the stored hash of a token."""
    return keyed_hash(PURPOSE, token)


def invitation_state(invitation: Invitation) -> str:
    """Return the state that was read with the invitation."""
    state: str = invitation.state  # type: ignore[attr-defined]
    return state


def _inviter_may_invite() -> Q:
    """Return the condition that the inviter is the platform, or active and may grant the role."""
    may_invite = Q()
    for inviter, roles in INVITABLE_ROLES.items():
        may_invite |= Q(invited_by__role=inviter, role__in=sorted(roles))
    return Q(invited_by=None) | (Q(invited_by__is_active=True) & may_invite)


def invitations_with_state() -> QuerySet[Invitation]:
    """Return all invitations with ``state`` and inviter."""
    state = Case(
        When(uses__gte=F("max_uses"), then=Value(ACCEPTED)),
        When(~_inviter_may_invite() | Q(revoked_at__isnull=False), then=Value(REVOKED)),
        When(expires_at__lte=timezone.now(), then=Value(EXPIRED)),
        default=Value(PENDING),
    )
    return Invitation.objects.select_related("invited_by").annotate(state=state)
