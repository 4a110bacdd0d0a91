"""What a user may do to another user, as data. Which calls a role may use: accounts/permissions.py.

Administrators can do nothing to owners and cannot create owners. No user changes the own role or
activity. Owners are the exception: they may step down while another owner is left
(accounts/users/ownership.py).
"""

from dataclasses import dataclass

from accounts.models import User
from accounts.permissions import (
    ACTIONS,
    ADMIN,
    ALL_ROLES,
    MANAGER_ROLES,
    MEMBER,
    OWNER,
    OWNER_ROLES,
    require_recent_authentication,
)
from accounts.problems import TokenInvalid
from accounts.users.queries import lock_user
from core.problems import PermissionRefused
from core.request_context import request_context

NO_ROLES: frozenset[str] = frozenset()
NON_OWNER_ROLES = frozenset({ADMIN, MEMBER})


@dataclass(frozen=True, slots=True)
class UserActionRule:
    """The roles that owners and administrators may act on, and that may act on themselves.

    ``reauth_targets`` are the roles whose users are changed only after a recent authentication of
    the actor.
    """

    owner_targets: frozenset[str]
    admin_targets: frozenset[str]
    self_roles: frozenset[str]
    reauth_targets: frozenset[str] = frozenset()


USER_ACTION_RULES = {
    "create": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, reauth_targets=MANAGER_ROLES),
    "invite": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, reauth_targets=MANAGER_ROLES),
    "uninvite": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES),
    "rename": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES),
    # A new address can receive a link that sets the password.
    "readdress": UserActionRule(
        ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, reauth_targets=ALL_ROLES
    ),
    "appoint": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, OWNER_ROLES, reauth_targets=ALL_ROLES),
    "deactivate": UserActionRule(
        ALL_ROLES, NON_OWNER_ROLES, OWNER_ROLES, reauth_targets=MANAGER_ROLES
    ),
    "reactivate": UserActionRule(
        ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, reauth_targets=MANAGER_ROLES
    ),
    "remove": UserActionRule(
        ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, reauth_targets=MANAGER_ROLES
    ),
    "end_sessions": UserActionRule(
        ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, reauth_targets=MANAGER_ROLES
    ),
    "erase": UserActionRule(ALL_ROLES, NO_ROLES, OWNER_ROLES, reauth_targets=ALL_ROLES),
    "reset_factors": UserActionRule(NON_OWNER_ROLES, NO_ROLES, NO_ROLES, reauth_targets=ALL_ROLES),
    "export": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, ALL_ROLES),
}


def check_permission(verb: str, actor: User, target: User, *, role: str = "") -> None:
    """Check that ``actor`` may do an action to ``target``.

    ``role`` is the role that the target is to get. The actor must be allowed to act on that role
    too. Ending the own sessions needs no reauthentication: it protects the user and grants nothing.

    Raises: PermissionRefused, ProofRequired.
    """
    if not is_permitted(verb, actor, target, role=role):
        raise PermissionRefused
    ends_own_sessions = verb == "end_sessions" and actor.pk == target.pk
    if target.role in USER_ACTION_RULES[verb].reauth_targets and not ends_own_sessions:
        require_recent_authentication()


def is_permitted(verb: str, actor: User, target: User, *, role: str = "") -> bool:
    """Return whether ``actor`` may do an action, as ``check_permission`` decides it.

    Whether a recent authentication is needed is left out.
    """
    rule = USER_ACTION_RULES[verb]
    rank = effective_role(actor)
    if actor.pk == target.pk:
        # An owner's API key acts as an administrator, so it must not remove that owner.
        return rank in rule.self_roles and (rank == actor.role or actor.role in rule.admin_targets)
    reach = {OWNER: rule.owner_targets, ADMIN: rule.admin_targets}.get(User.Role(rank), NO_ROLES)
    return target.role in reach and (not role or role in reach)


def lock_authorized_actor(action: str, by: User) -> User:
    """Return the acting user as of now, with the row locked until the commit.

    The role may have changed since the request was authenticated. So a writing transaction calls
    this first, before it locks anything else.

    Raises: TokenInvalid for a user who is inactive or removed by now; PermissionRefused.
    """
    actor = lock_user(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    if actor.role not in ACTIONS[action].roles:
        raise PermissionRefused
    return actor


def effective_role(actor: User) -> str:
    """Return the role that counts. An owner's API key acts as an administrator."""
    by_key = bool(request_context().api_key)
    return ADMIN if by_key and actor.role == OWNER else actor.role
