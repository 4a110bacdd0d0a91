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
ALL = frozenset({OWNER, ADMIN, MEMBER})
MANAGERS = frozenset({OWNER, ADMIN})
OWNERS = frozenset({OWNER})


class Proof(Enum):
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
    proof: Proof = Proof.NEVER


ACTIONS = {
    "files:read": Action(ALL, "files:read"),
    "files:write": Action(ALL, "files:write"),
    "shares:read": Action(ALL, "shares:read"),
    "shares:write": Action(ALL, "shares:write"),
    "me:read": Action(ALL, "users:read"),
    "users:read": Action(MANAGERS, "users:read"),
    "me:factors": Action(ALL, proof=Proof.ALWAYS),
    "users:write": Action(MANAGERS, "users:write", Proof.BY_TARGET),
    "users:export": Action(MANAGERS),
    "users:factors": Action(OWNERS, proof=Proof.ALWAYS),
    "users:erase": Action(OWNERS, proof=Proof.ALWAYS),
    "invitations:read": Action(MANAGERS, "invitations:read"),
    "invitations:write": Action(MANAGERS, "invitations:write", Proof.BY_TARGET),
    "tenant:read": Action(ALL, "tenant:read"),
    "tenant:write": Action(MANAGERS, "tenant:write", Proof.BY_TARGET),
    "domains:read": Action(MANAGERS, "domains:read"),
    "domains:write": Action(MANAGERS, "domains:write"),
    "tenant:transfer": Action(OWNERS, proof=Proof.ALWAYS),
    "tenant:delete": Action(OWNERS, proof=Proof.ALWAYS),
    "audit:read": Action(MANAGERS, "audit:read"),
    "keys:read": Action(MANAGERS),
    "keys:create": Action(MANAGERS, proof=Proof.ALWAYS),
    "keys:revoke": Action(MANAGERS),
}
SCOPES = tuple(dict.fromkeys(action.scope for action in ACTIONS.values() if action.scope))
