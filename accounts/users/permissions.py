"""Who may do what to whom, as data. Beside accounts/permissions.py, which says who may use a call.

Administrators can do nothing to owners, and make none. People do not decide about their own role
and activity; owners alone may step down, and only while another one is left
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
    """To people of which roles owners and administrators may do it, and who may to themselves.

    ``proof`` are the roles of people to whom it is done only with a recent proof of who asks.
    """

    owners: frozenset[str]
    admins: frozenset[str]
    oneself: frozenset[str]
    proof: frozenset[str] = frozenset()


USER_ACTION_RULES = {
    "create": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, proof=MANAGER_ROLES),
    "invite": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, proof=MANAGER_ROLES),
    "uninvite": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES),
    "rename": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES),
    # Who sets an address can have the password that is mailed to it.
    "readdress": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, proof=ALL_ROLES),
    "appoint": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, OWNER_ROLES, proof=ALL_ROLES),
    "deactivate": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, OWNER_ROLES, proof=MANAGER_ROLES),
    "reactivate": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, NO_ROLES, proof=MANAGER_ROLES),
    "remove": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, proof=MANAGER_ROLES),
    "end_sessions": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, MANAGER_ROLES, proof=MANAGER_ROLES),
    "erase": UserActionRule(ALL_ROLES, NO_ROLES, OWNER_ROLES, proof=ALL_ROLES),
    "reset_factors": UserActionRule(NON_OWNER_ROLES, NO_ROLES, NO_ROLES, proof=ALL_ROLES),
    "export": UserActionRule(ALL_ROLES, NON_OWNER_ROLES, ALL_ROLES),
}


def check_permission(verb: str, actor: User, person: User, *, role: str = "") -> None:
    """Raise PermissionRefused unless ``actor`` may do it to ``person``, then ProofRequired.

    ``role`` is the one that the person is to have; it must be one that the actor may deal with too.
    A person's own sessions are ended without a proof: that protects them and grants nothing.
    """
    rule = USER_ACTION_RULES[verb]
    rank = effective_role(actor)
    if actor.pk == person.pk:
        # A key that does not act as the owner it is of must not remove that owner either.
        allowed = rank in rule.oneself and (rank == actor.role or actor.role in rule.admins)
    else:
        reach = {OWNER: rule.owners, ADMIN: rule.admins}.get(User.Role(rank), NO_ROLES)
        allowed = person.role in reach and (not role or role in reach)
    if not allowed:
        raise PermissionRefused
    ends_own_sessions = verb == "end_sessions" and actor.pk == person.pk
    if person.role in rule.proof and not ends_own_sessions:
        require_recent_authentication()


def lock_authorized_actor(action: str, by: User) -> User:
    """Return who acts as they are now, with their row locked until the commit.

    What they were when they asked may be over: this is asked first in the transaction that writes,
    before anything else is locked. Raises TokenInvalid for who is out since, and PermissionRefused
    for who may no longer do it (accounts/permissions.py).
    """
    actor = lock_user(by.pk)
    if actor is None or not actor.is_active:
        raise TokenInvalid
    if actor.role not in ACTIONS[action].roles:
        raise PermissionRefused
    return actor


def effective_role(actor: User) -> str:
    """Return the role that counts. An owner's API key makes and unmakes no owners."""
    by_key = bool(request_context().api_key)
    return ADMIN if by_key and actor.role == OWNER else actor.role
