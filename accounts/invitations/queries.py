"""Reading invitations: the only way to their rows for views."""

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


# Who may add people of a role may ask them in.
INVITABLE_ROLES = {
    OWNER: USER_ACTION_RULES["create"].owners,
    ADMIN: USER_ACTION_RULES["create"].admins,
}


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


# What an invitation is at a moment, told by the database, so that lists and locks agree.
#
# An invitation is only as good as who stands behind it: while that person is inactive, or may no
# longer give the role away, it is ``revoked``, whether anybody remembered to revoke it or not.


def _inviter_may_invite() -> Q:
    """Whoever invited is still there and may still give the role away."""
    found = Q()
    for inviter, roles in INVITABLE_ROLES.items():
        found |= Q(invited_by__role=inviter, role__in=sorted(roles))
    return Q(invited_by__is_active=True) & found


def invitations_with_state() -> QuerySet[Invitation]:
    """Return every invitation with ``state`` and who invited."""
    state = Case(
        When(uses__gte=F("max_uses"), then=Value(ACCEPTED)),
        When(~_inviter_may_invite() | Q(revoked_at__isnull=False), then=Value(REVOKED)),
        When(expires_at__lte=timezone.now(), then=Value(EXPIRED)),
        default=Value(PENDING),
    )
    return Invitation.objects.select_related("invited_by").annotate(state=state)
