"""What a page offers: only what the rules of accounts/users/permissions.py allow.

The services decide again.
"""

from accounts.invitations.queries import ACCEPTED, invitation_state
from accounts.invitations.services import LINK_ROLES
from accounts.models import Invitation, User
from accounts.users.ownership import has_another_owner, is_active_owner
from accounts.users.permissions import is_permitted

ROLES = tuple(User.Role.values)


def is_last_owner(user: User) -> bool:
    """Return whether the tenant would have no active owner without the user."""
    return is_active_owner(user) and not has_another_owner(user)


def assignable_roles(actor: User, subject: User) -> list[str]:
    """Return the roles that the actor may give to a user; the present one is among them."""
    if is_last_owner(subject):
        return []
    return [role for role in ROLES if is_permitted("appoint", actor, subject, role=role)]


def invitable_roles(actor: User, *, by_link: bool = False) -> list[str]:
    """Return the roles to which the actor may invite."""
    roles = [role for role in ROLES if is_permitted("invite", actor, User(role=role))]
    return [role for role in roles if not by_link or role in LINK_ROLES]


def may_resend(actor: User, invitation: Invitation) -> bool:
    """Return whether the actor may send an invitation again."""
    return _is_open(invitation) and is_permitted("invite", actor, User(role=invitation.role))


def may_revoke(actor: User, invitation: Invitation) -> bool:
    """Return whether the actor may revoke an invitation."""
    return _is_open(invitation) and is_permitted("uninvite", actor, User(role=invitation.role))


def _is_open(invitation: Invitation) -> bool:
    """Return whether it is neither used up nor revoked by a user."""
    return invitation.revoked_at is None and invitation_state(invitation) != ACCEPTED
