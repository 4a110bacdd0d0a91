"""Who may ask at all. What a person may do to which row is decided by gate functions."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.models import User

if TYPE_CHECKING:  # rest_framework.views imports this module through its settings
    from rest_framework.views import APIView


class IsMember(BasePermission):
    """Any active person of the tenant."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Tell whether somebody is logged in."""
        return isinstance(request.user, User)


class Everybody(BasePermission):
    """No log-in asked for; said openly at the view."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Let everybody through."""
        return True
