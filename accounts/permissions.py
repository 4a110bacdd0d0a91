"""Who may ask at all. What a person may do to which row is decided by gate functions."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, User
from accounts.problems import EmailUnverified, InsufficientScope, ProofRequired, SecondFactorMissing
from accounts.tenant_policy import current_policy
from core.problems import PasswordChangeRequired, PermissionRefused
from core.request_context import request_context

if TYPE_CHECKING:
    from core.api.views import ApiView


OWNER, ADMIN, MEMBER = User.Role.OWNER, User.Role.ADMIN, User.Role.MEMBER


ALL_ROLES = frozenset({OWNER, ADMIN, MEMBER})


MANAGER_ROLES = frozenset({OWNER, ADMIN})


OWNER_ROLES = frozenset({OWNER})


API_KEY_NOT_ACCEPTED = (
    "An API key is no proof of who asks. It adds, invites and changes members only."
)


class IsTenantUser(BasePermission):
    """Any active person, also one who has yet to verify an address or add a second factor."""

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Tell whether somebody is logged in.

        Raises what ``require_action`` raises, for those that it is asked of what
        ``require_admitted`` raises, and then ProofRequired.
        """
        if not isinstance(request.user, User):
            return False
        action = view.actions.get(_method(request), "")
        require_action(request.user, request.auth, action)
        if self.must_be_admitted(request):
            require_admitted(request.user)
        if action and ACTIONS[action].proof is Reauthentication.ALWAYS:
            require_recent_authentication()
        return True

    def must_be_admitted(self, request: Request) -> bool:
        """Tell whether the workspace's rules for its people have to be met."""
        return False


class IsAdmittedUser(IsTenantUser):
    """An active person who has done all that the workspace asks of its people."""

    def must_be_admitted(self, request: Request) -> bool:
        """Tell whether the workspace's rules for its people have to be met."""
        return True


class IsAdmittedUserOrReadOnly(IsTenantUser):
    """Any active person may look; to change something is for members."""

    def must_be_admitted(self, request: Request) -> bool:
        """Tell whether the workspace's rules for its people have to be met."""
        return _method(request) != "GET"


class AllowAny(BasePermission):
    """No log-in asked for; said openly at the view."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Let everybody through."""
        return True


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method or ""


def require_action(user: User, auth: object, name: str) -> None:
    """Raise PermissionRefused unless the person's role may do it, InsufficientScope for a key's.

    Without a name everybody may who is logged in; a key may not.
    """
    scope = ACTIONS[name].scope if name else ""
    if not has_scope(auth, scope):
        raise InsufficientScope(members={"scope": scope} if scope else {})
    if name and user.role not in ACTIONS[name].roles:
        raise PermissionRefused


def has_scope(auth: object, scope: str) -> bool:
    """Tell whether a credential has a scope. A session has every one, no key has the empty one."""
    return not isinstance(auth, ApiKey) or (bool(scope) and scope in auth.scopes)


def require_admitted(user: User) -> None:
    """Raise EmailUnverified or SecondFactorMissing while the workspace's rules are not met.

    Raises PasswordChangeRequired while somebody else's choice is the password, where that is asked.
    """
    if user.password_change_required and settings.FIRST_PASSWORD_CHANGE == "required":  # noqa: S105
        raise PasswordChangeRequired
    rules = current_policy()
    if rules.email_verification == "required" and user.email_verified_at is None:
        raise EmailUnverified
    if user.role in rules.second_factor_roles and user.second_factor_at is None:
        raise SecondFactorMissing


# The permission matrix: what can be done in a workspace, by which roles, and whether by API keys.
#
# It also says what asks for a recent proof of who asks (accounts/permissions.py): whatever grants
# what a proof protects asks for one itself.
#
# A view says what each of its methods does (``actions = {"GET": "users:read"}``). Most names are
# the scopes of API keys too: a key does what its person may do, and of that only what its scopes
# name.
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


# Dangerous actions ask for a recent proof of who asks (OWASP ASVS 5.0, 7.5.3).
#
# A log-in is a proof, and so is ``POST /api/auth/prove`` with the password or a one-time code.
# What asks for one stands in the tables of actions (accounts/permissions.py), of what is done to
# people (accounts/users/permissions.py) and of settings (accounts/own_tenant/settings.py).


def require_recent_authentication() -> None:
    """Raise ProofRequired unless the session reauthenticated within ``REAUTHENTICATION_SECONDS``.

    An API key has no proof, and neither has code that runs outside of a request.
    """
    context = request_context()
    if context.api_key:
        raise ProofRequired(API_KEY_NOT_ACCEPTED)
    proved_at = context.proved_at
    if proved_at is None or timezone.now() - proved_at > settings.REAUTHENTICATION_LIFETIME:
        raise ProofRequired
