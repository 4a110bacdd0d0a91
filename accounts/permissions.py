"""Which caller may use which API call: the permission matrix, DRF permissions, reauthentication.

A view names the action of each of its methods (``actions = {"GET": "users:read"}``). ``ACTIONS``
says which roles may do it, whether an API key with a scope may, and whether it needs a recent
authentication. What a user may do to which other user is in accounts/users/permissions.py, and
which rows a user may read is decided by the query functions of each app.

DRF imports this module through its settings, so it imports no view.
"""

from dataclasses import dataclass, fields
from enum import Enum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils import timezone
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import ApiKey, User
from accounts.problems import EmailUnverified, InsufficientScope, ProofRequired, SecondFactorMissing
from core.problems import PasswordChangeRequired, PermissionRefused
from core.request_context import request_context
from tenants.context import SettingValue, TenantRef, current_tenant, frozen_settings

if TYPE_CHECKING:
    from core.api.views import ApiView


OWNER, ADMIN, MEMBER = User.Role.OWNER, User.Role.ADMIN, User.Role.MEMBER
ALL_ROLES = frozenset({OWNER, ADMIN, MEMBER})
MANAGER_ROLES = frozenset({OWNER, ADMIN})
OWNER_ROLES = frozenset({OWNER})

API_KEY_NOT_ACCEPTED = (
    "An API key cannot reauthenticate. It may add, invite and change members only."
)

ROLES = tuple(User.Role.values)


class Reauthentication(Enum):
    """Whether an action needs a recent authentication."""

    NEVER = "never"
    ALWAYS = "always"
    BY_TARGET = "by target"
    """Depends on what changes: accounts/users/permissions.py and own_tenant/settings.py."""


@dataclass(frozen=True, slots=True)
class Action:
    """The roles that may do something, and the scope that allows it to an API key.

    Without a scope no API key may do it.
    """

    roles: frozenset[str]
    scope: str = ""
    reauthentication: Reauthentication = Reauthentication.NEVER


# Every action that grants what reauthentication protects needs reauthentication itself.
ACTIONS = {
    "files:read": Action(ALL_ROLES, "files:read"),
    "files:write": Action(ALL_ROLES, "files:write"),
    "shares:read": Action(ALL_ROLES, "shares:read"),
    "shares:write": Action(ALL_ROLES, "shares:write"),
    "me:read": Action(ALL_ROLES, "users:read"),
    "users:read": Action(MANAGER_ROLES, "users:read"),
    "me:email": Action(ALL_ROLES, reauthentication=Reauthentication.ALWAYS),
    "me:factors": Action(ALL_ROLES, reauthentication=Reauthentication.ALWAYS),
    "me:leave": Action(ALL_ROLES, reauthentication=Reauthentication.ALWAYS),
    "users:write": Action(MANAGER_ROLES, "users:write", Reauthentication.BY_TARGET),
    "users:export": Action(MANAGER_ROLES),
    "users:factors": Action(OWNER_ROLES, reauthentication=Reauthentication.ALWAYS),
    "users:erase": Action(OWNER_ROLES, reauthentication=Reauthentication.ALWAYS),
    "invitations:read": Action(MANAGER_ROLES, "invitations:read"),
    "invitations:write": Action(MANAGER_ROLES, "invitations:write", Reauthentication.BY_TARGET),
    "tenant:read": Action(ALL_ROLES, "tenant:read"),
    "tenant:write": Action(MANAGER_ROLES, "tenant:write", Reauthentication.BY_TARGET),
    "usage:read": Action(MANAGER_ROLES, "usage:read"),
    "domains:read": Action(MANAGER_ROLES, "domains:read"),
    "domains:write": Action(MANAGER_ROLES, "domains:write"),
    "tenant:transfer": Action(OWNER_ROLES, reauthentication=Reauthentication.ALWAYS),
    "tenant:delete": Action(OWNER_ROLES, reauthentication=Reauthentication.ALWAYS),
    "audit:read": Action(MANAGER_ROLES, "audit:read"),
    "support:read": Action(MANAGER_ROLES),
    "support:grant": Action(OWNER_ROLES, reauthentication=Reauthentication.ALWAYS),
    # Both only take access away.
    "support:refuse": Action(OWNER_ROLES),
    "support:end": Action(OWNER_ROLES),
    "keys:read": Action(MANAGER_ROLES),
    "keys:create": Action(MANAGER_ROLES, reauthentication=Reauthentication.ALWAYS),
    "keys:revoke": Action(MANAGER_ROLES),
}

SCOPES = tuple(dict.fromkeys(action.scope for action in ACTIONS.values() if action.scope))


class IsTenantUser(BasePermission):
    """Allow every active user, also before the tenant's requirements are met.

    Requirements are a verified address, a second factor and a changed first password.
    """

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Return False for an anonymous caller.

        Raises: what ``require_action`` and, if required, ``require_admitted`` raise; ProofRequired.
        """
        if not isinstance(request.user, User):
            return False
        action = view.actions.get(_method(request), "")
        require_action(request.user, request.auth, action)
        if self.must_be_admitted(request):
            require_admitted(request.user)
        if action and ACTIONS[action].reauthentication is Reauthentication.ALWAYS:
            require_recent_authentication()
        return True

    def must_be_admitted(self, request: Request) -> bool:
        """Return whether the user must meet the tenant's requirements."""
        return False


class IsAdmittedUser(IsTenantUser):
    """Allow active users who meet the tenant's requirements."""

    def must_be_admitted(self, request: Request) -> bool:
        """Return whether the user must meet the tenant's requirements."""
        return True


class IsAdmittedUserOrReadOnly(IsTenantUser):
    """Allow every active user to read, and users who meet the requirements to write."""

    def must_be_admitted(self, request: Request) -> bool:
        """Return whether the user must meet the tenant's requirements."""
        return _method(request) != "GET"


class AllowAny(BasePermission):
    """Allow every caller. A public view names this class explicitly."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Return True."""
        return True


def _method(request: Request) -> str:
    return "GET" if request.method == "HEAD" else request.method or ""


def require_action(user: User, auth: object, name: str) -> None:
    """Check the caller's role and API key scope for an action.

    An empty name allows every session and no API key.

    Raises: InsufficientScope, PermissionRefused.
    """
    scope = ACTIONS[name].scope if name else ""
    if not has_scope(auth, scope):
        raise InsufficientScope(members={"scope": scope} if scope else {})
    if name and user.role not in ACTIONS[name].roles:
        raise PermissionRefused


def has_scope(auth: object, scope: str) -> bool:
    """Return whether a credential has a scope.

    A session has every scope. No API key has the empty one.
    """
    return not isinstance(auth, ApiKey) or (bool(scope) and scope in auth.scopes)


def require_admitted(user: User) -> None:
    """Check the tenant's requirements for its users.

    Raises: PasswordChangeRequired, EmailUnverified, SecondFactorMissing.
    """
    if user.password_change_required and settings.FIRST_PASSWORD_CHANGE == "required":  # noqa: S105
        raise PasswordChangeRequired
    policy = current_policy()
    if policy.email_verification == "required" and user.email_verified_at is None:
        raise EmailUnverified
    if user.role in policy.second_factor_roles and user.second_factor_at is None:
        raise SecondFactorMissing


def require_recent_authentication() -> None:
    """Check that the session authenticated within ``REAUTHENTICATION_SECONDS``.

    A log-in counts, and so does ``POST /api/auth/prove`` (OWASP ASVS 5.0, 7.5.3). An API key cannot
    reauthenticate, and neither can code outside a request.

    Raises: ProofRequired.
    """
    context = request_context()
    if context.api_key:
        raise ProofRequired(API_KEY_NOT_ACCEPTED)
    proved_at = context.proved_at
    if proved_at is None or timezone.now() - proved_at > settings.REAUTHENTICATION_LIFETIME:
        raise ProofRequired


# A tenant's own rules for its users, their sessions and their share links.
#
# They are stored in ``Tenant.settings``, which the tenants app does not interpret. They come with
# the tenant of the request, so reading them needs no query. A setting that is not stored has its
# default.


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """One tenant's rules. Times are in seconds; 0 means no limit."""

    session_idle_seconds: int = 0
    """A session that is unused for this long ends as ``idle``."""
    session_absolute_seconds: int = 0
    """A session ends this long after the log-in, even if it is in use."""
    sessions_per_user: int = 50
    """One more session ends the least recently used one."""
    second_factor_roles: tuple[str, ...] = ()
    """Users of these roles must add a second factor before anything else."""
    email_verification: str = "off"
    """``required``: users must verify their address before anything else."""
    invitation_seconds: int = 7 * 86400
    """How long an invitation is valid."""
    sharing: str = "on"
    """``off``: share links open nothing and cannot be created."""
    language: str = ""
    """For users without a language of their own; empty for that of each request."""
    time_zone: str = ""
    """For users without a time zone of their own; empty for UTC."""
    accent_color: str = ""
    """The colour of the tenant's pages as ``#rrggbb``; empty for the one of the product."""


SETTING_NAMES = tuple(field.name for field in fields(TenantPolicy))


def current_policy() -> TenantPolicy:
    """Return the rules of the current tenant."""
    return policy_of(current_tenant())


def policy_of(tenant: TenantRef) -> TenantPolicy:
    """Return the rules of a tenant."""
    return _cached_policy(tenant.settings)


def policy_from_settings(stored: dict[str, Any]) -> TenantPolicy:
    """Return the rules of a tenant from its stored settings."""
    return _cached_policy(frozen_settings(stored))


@lru_cache(maxsize=1024)
def _cached_policy(settings: tuple[tuple[str, SettingValue], ...]) -> TenantPolicy:
    return TenantPolicy(**{name: value for name, value in settings if name in SETTING_NAMES})  # type: ignore[arg-type]
