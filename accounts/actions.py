"""The permission matrix: what can be done in a workspace, by which roles, and whether by API keys.

It also says what asks for a recent proof of who asks (accounts/factors/proof.py): whatever grants
what a proof protects asks for one itself.

A view says what each of its methods does (``actions = {"GET": "users:read"}``). Most names are the
scopes of API keys too: a key does what its person may do, and of that only what its scopes name.
"""

from dataclasses import dataclass
from enum import Enum

from accounts.models import User

OWNER, ADMIN, MEMBER = User.Role.OWNER, User.Role.ADMIN, User.Role.MEMBER
ALL_ROLES = frozenset({OWNER, ADMIN, MEMBER})
MANAGER_ROLES = frozenset({OWNER, ADMIN})
OWNER_ROLES = frozenset({OWNER})


class Reauthentication(Enum):
    """Whether an action asks for a recent proof."""

    NEVER = "never"
    ALWAYS = "always"
    BY_TARGET = "by target"
    """It depends on what is changed: accounts/users/permissions.py and settings_rules.py say."""


@dataclass(frozen=True, slots=True)
class Action:
    """Who may do something, and the scope that an API key needs for it; no key may without one."""

    roles: frozenset[str]
    scope: str = ""
    proof: Reauthentication = Reauthentication.NEVER


ACTIONS = {
    "files:read": Action(ALL_ROLES, "files:read"),
    "files:write": Action(ALL_ROLES, "files:write"),
    "shares:read": Action(ALL_ROLES, "shares:read"),
    "shares:write": Action(ALL_ROLES, "shares:write"),
    "me:read": Action(ALL_ROLES, "users:read"),
    "users:read": Action(MANAGER_ROLES, "users:read"),
    "me:factors": Action(ALL_ROLES, proof=Reauthentication.ALWAYS),
    "users:write": Action(MANAGER_ROLES, "users:write", Reauthentication.BY_TARGET),
    "users:export": Action(MANAGER_ROLES),
    "users:factors": Action(OWNER_ROLES, proof=Reauthentication.ALWAYS),
    "users:erase": Action(OWNER_ROLES, proof=Reauthentication.ALWAYS),
    "invitations:read": Action(MANAGER_ROLES, "invitations:read"),
    "invitations:write": Action(MANAGER_ROLES, "invitations:write", Reauthentication.BY_TARGET),
    "tenant:read": Action(ALL_ROLES, "tenant:read"),
    "tenant:write": Action(MANAGER_ROLES, "tenant:write", Reauthentication.BY_TARGET),
    "domains:read": Action(MANAGER_ROLES, "domains:read"),
    "domains:write": Action(MANAGER_ROLES, "domains:write"),
    "tenant:transfer": Action(OWNER_ROLES, proof=Reauthentication.ALWAYS),
    "tenant:delete": Action(OWNER_ROLES, proof=Reauthentication.ALWAYS),
    "audit:read": Action(MANAGER_ROLES, "audit:read"),
    "keys:read": Action(MANAGER_ROLES),
    "keys:create": Action(MANAGER_ROLES, proof=Reauthentication.ALWAYS),
    "keys:revoke": Action(MANAGER_ROLES),
}
SCOPES = tuple(dict.fromkeys(action.scope for action in ACTIONS.values() if action.scope))
