"""Authentication and permissions of the staff API, by token only.

The admin's cookie is not accepted, so that no other site can make a browser call the API (CSRF).
"""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.services import Actor
from core.problems import NotAuthenticated, PermissionRefused, TokenInvalid
from core.request_context import is_in_networks, request_context
from staff.actors import actor_of
from staff.models import StaffToken, StaffUser
from staff.second_factor import require_enrolled
from staff.services import require_password_changed
from staff.tokens import authenticate_token
from tenants.context import current_tenant_or_none
from tenants.credentials import bearer_token


def require_staff_network() -> None:
    """Raise PermissionRefused unless the client is in STAFF_ALLOWED_NETWORKS."""
    if not is_in_networks(request_context().client_address, settings.STAFF_ALLOWED_NETWORKS):
        raise PermissionRefused


class StaffAuthentication(BaseAuthentication):
    """``Authorization: Bearer ags_…``: sets ``request.user`` and the token as ``request.auth``."""

    def authenticate(self, request: Request) -> tuple[StaffUser, StaffToken] | None:
        """Return user and token, or None without a credential.

        Raises:
            PermissionRefused: the client is outside of STAFF_ALLOWED_NETWORKS.
            TokenInvalid, TokenExpired: the token is not valid here.
            PasswordChangeRequired, StaffFactorMissing: the user must act in the admin first.
        """
        require_staff_network()
        text = bearer_token(request._request)
        if not text:
            return None
        if current_tenant_or_none() is not None:  # on api. with a tenant's token
            raise TokenInvalid
        token = authenticate_token(text)
        if not token.name:  # a named token belongs to a program
            require_password_changed(token.staff)
            require_enrolled(token.staff)
        request_context().user = str(token.staff_id)
        return token.staff, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 section 3)."""
        return 'Bearer realm="aggios"'


class StaffAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The security scheme in OpenAPI."""

    target_class = StaffAuthentication
    name = "staff"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A staff token: `ags_…`."}


class HasStaffPermission(BasePermission):
    """Requires the permission that the view declares for the method (``rights = {"GET": …}``).

    A method without an entry passes, because the view answers it with 405.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the staff user has the permission."""
        user: object = request.user
        method = "GET" if request.method == "HEAD" else request.method
        right: str | None = getattr(view, "rights", {}).get(method)
        return isinstance(user, StaffUser) and (right is None or user.has_perm(right))


def request_token(request: Request) -> StaffToken:
    """Return the token of the request. Raises: NotAuthenticated."""
    if not isinstance(request.auth, StaffToken):
        raise NotAuthenticated
    return request.auth


def api_actor(request: Request) -> Actor:
    """Return the user of the request as an actor. Raises: NotAuthenticated."""
    return actor_of(request_token(request).staff)
