"""Who may ask at all. What a person may do to which row is decided by gate functions."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.actions import ACTIONS
from accounts.models import ApiKey, User
from accounts.policy import policy
from accounts.problems import EmailUnverified, InsufficientScope, SecondFactorMissing
from core.problems import PermissionRefused

if TYPE_CHECKING:  # rest_framework.views imports this module through its settings
    from core.views import ApiView


class IsPerson(BasePermission):
    """Any active person, also one who has yet to verify an address or add a second factor."""

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Tell whether somebody is logged in. Raises what ``require_action`` raises."""
        if not isinstance(request.user, User):
            return False
        require_action(request.user, request.auth, view.actions.get(_method(request), ""))
        return True


class IsMember(IsPerson):
    """An active person who has done all that the workspace asks of its people."""

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Tell whether somebody is logged in. Raises also what ``require_admitted`` raises."""
        allowed = super().has_permission(request, view)
        if isinstance(request.user, User):
            require_admitted(request.user)
        return allowed


class IsPersonToRead(IsMember):
    """Any active person may look; to change something is for members."""

    def has_permission(self, request: Request, view: "ApiView") -> bool:  # type: ignore[override]
        """Tell whether somebody is logged in. Raises what ``IsMember`` raises, but for reading."""
        if _method(request) == "GET":
            return IsPerson.has_permission(self, request, view)
        return super().has_permission(request, view)


class Everybody(BasePermission):
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
    if isinstance(auth, ApiKey):
        scope = ACTIONS[name].scope if name else ""
        if not scope or scope not in auth.scopes:
            raise InsufficientScope(members={"scope": scope} if scope else {})
    if name and user.role not in ACTIONS[name].roles:
        raise PermissionRefused


def require_admitted(user: User) -> None:
    """Raise EmailUnverified or SecondFactorMissing while the workspace's rules are not met."""
    rules = policy()
    if rules.email_verification == "required" and user.email_verified_at is None:
        raise EmailUnverified
    if user.role in rules.second_factor_roles and user.second_factor_at is None:
        raise SecondFactorMissing
