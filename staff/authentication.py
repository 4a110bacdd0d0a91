"""Who of the staff is asking: their token, and nothing else. The admin's cookie is no credential
here, so that no page elsewhere can make a browser call the API."""

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.services import Actor
from core.http.client_address import is_in_networks
from core.problems import NotAuthenticated, PermissionRefused, TokenInvalid
from core.request_context import request_context
from staff.actors import actor_of
from staff.models import StaffToken, StaffUser
from staff.second_factor import require_enrolled
from staff.services import require_password_changed
from staff.tokens import authenticate_token
from tenants.context import current_tenant_or_none
from tenants.credentials import bearer_token


def require_staff_network() -> None:
    """Raise PermissionRefused unless the request comes from STAFF_ALLOWED_NETWORKS."""
    if not is_in_networks(request_context().client_address, settings.STAFF_ALLOWED_NETWORKS):
        raise PermissionRefused


class StaffAuthentication(BaseAuthentication):
    """``Authorization: Bearer ags_…`` → the member of staff, and the token as ``request.auth``."""

    def authenticate(self, request: Request) -> tuple[StaffUser, StaffToken] | None:
        """Return both; None without a credential. Raises TokenInvalid, TokenExpired,
        PasswordChangeRequired, StaffFactorMissing and, for an address that staff does not work
        from, PermissionRefused.
        """
        require_staff_network()
        text = bearer_token(request._request)
        if not text:
            return None
        if current_tenant_or_none() is not None:  # on api. with a token of a tenant's
            raise TokenInvalid
        token = authenticate_token(text)
        if not token.name:  # one that a program was given is not asked
            require_password_changed(token.staff)
            require_enrolled(token.staff)
        request_context().user = str(token.staff_id)
        return token.staff, token

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401 (RFC 6750 section 3)."""
        return 'Bearer realm="aggios"'


class StaffAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The scheme as OpenAPI names it."""

    target_class = StaffAuthentication
    name = "staff"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        """Return the OpenAPI security scheme."""
        return {"type": "http", "scheme": "bearer", "description": "A staff token: `ags_…`."}


class HasStaffPermission(BasePermission):
    """Staff with the right that the view names for the method (``rights = {"GET": …}``).

    A method that the view does not serve has none and is answered 405.
    """

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the member of staff has the right."""
        user: object = request.user
        method = "GET" if request.method == "HEAD" else request.method
        right: str | None = getattr(view, "rights", {}).get(method)
        return isinstance(user, StaffUser) and (right is None or user.has_perm(right))


def request_token(request: Request) -> StaffToken:
    """Return the token of the member of staff who asks. Raises NotAuthenticated."""
    if not isinstance(request.auth, StaffToken):
        raise NotAuthenticated
    return request.auth


def api_actor(request: Request) -> Actor:
    """Return who asks, as the audit trail names them. Raises NotAuthenticated."""
    return actor_of(request_token(request).staff)
