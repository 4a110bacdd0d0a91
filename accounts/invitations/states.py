"""What an invitation is at a moment, told by the database, so that lists and locks agree.

An invitation is only as good as who stands behind it: while that person is inactive, or may no
longer give the role away, it is ``revoked``, whether anybody remembered to revoke it or not.
"""

from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from accounts.actions import ADMIN, OWNER
from accounts.models import Invitation
from accounts.users.permissions import USER_ACTION_RULES

PENDING, ACCEPTED, EXPIRED, REVOKED = STATES = ("pending", "accepted", "expired", "revoked")
# Who may add people of a role may ask them in.
INVITABLE_ROLES = {
    OWNER: USER_ACTION_RULES["create"].owners,
    ADMIN: USER_ACTION_RULES["create"].admins,
}


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
