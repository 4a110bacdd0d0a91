"""Who may ask at all. What a person may do to which row is decided by gate functions."""

from typing import TYPE_CHECKING

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.actions import ACTIONS, Reauthentication
from accounts.factors.proof import require_recent_authentication
from accounts.models import ApiKey, User
from accounts.problems import EmailUnverified, InsufficientScope, SecondFactorMissing
from accounts.tenant_policy import current_policy
from core.problems import PasswordChangeRequired, PermissionRefused

if TYPE_CHECKING:  # rest_framework.views imports this module through its settings
    from core.api.views import ApiView


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
