"""The permission matrix: what can be done in a workspace, by which roles, and whether by API keys.

A view says what each of its methods does (``actions = {"GET": "users:read"}``). Most names are the
scopes of API keys too: a key does what its person may do, and of that only what its scopes name.
"""

from dataclasses import dataclass

from accounts.models import User

OWNER, ADMIN, MEMBER = User.Role.OWNER, User.Role.ADMIN, User.Role.MEMBER
ALL = frozenset({OWNER, ADMIN, MEMBER})
MANAGERS = frozenset({OWNER, ADMIN})
OWNERS = frozenset({OWNER})


@dataclass(frozen=True, slots=True)
class Action:
    """Who may do something, and the scope that an API key needs for it; no key may without one."""

    roles: frozenset[str]
    scope: str = ""


ACTIONS = {
    "files:read": Action(ALL, "files:read"),
    "files:write": Action(ALL, "files:write"),
    "shares:read": Action(ALL, "shares:read"),
    "shares:write": Action(ALL, "shares:write"),
    "me:read": Action(ALL, "users:read"),
    "users:read": Action(MANAGERS, "users:read"),
    "users:write": Action(MANAGERS, "users:write"),
    "users:export": Action(MANAGERS),
    "users:factors": Action(OWNERS),
    "users:erase": Action(OWNERS),
    "invitations:read": Action(MANAGERS, "invitations:read"),
    "invitations:write": Action(MANAGERS, "invitations:write"),
    "tenant:read": Action(ALL, "tenant:read"),
    "tenant:write": Action(MANAGERS, "tenant:write"),
    "domains:read": Action(MANAGERS, "domains:read"),
    "domains:write": Action(MANAGERS, "domains:write"),
    "tenant:transfer": Action(OWNERS),
    "tenant:delete": Action(OWNERS),
    "audit:read": Action(MANAGERS, "audit:read"),
    "keys:read": Action(MANAGERS),
    "keys:write": Action(MANAGERS),
}
SCOPES = tuple(dict.fromkeys(action.scope for action in ACTIONS.values() if action.scope))
