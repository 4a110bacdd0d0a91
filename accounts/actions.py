"""The permission matrix: what can be done in a workspace, by which roles, and whether by API keys.

A view says what each of its methods does (``actions = {"GET": "users:read"}``). The names are the
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
    """Who may do something. ``by_key``: an API key may too, if it has the scope of that name."""

    roles: frozenset[str]
    by_key: bool = True


ACTIONS = {
    "files:read": Action(ALL),
    "files:write": Action(ALL),
    "users:read": Action(MANAGERS),
    "users:write": Action(MANAGERS),
    "users:erase": Action(OWNERS, by_key=False),
    "invitations:read": Action(MANAGERS),
    "invitations:write": Action(MANAGERS),
    "tenant:read": Action(ALL),
    "tenant:write": Action(MANAGERS),
    "tenant:transfer": Action(OWNERS, by_key=False),
    "tenant:delete": Action(OWNERS, by_key=False),
    "audit:read": Action(MANAGERS),
    "keys:read": Action(MANAGERS, by_key=False),
    "keys:write": Action(MANAGERS, by_key=False),
}
SCOPES = tuple(name for name, action in ACTIONS.items() if action.by_key)
