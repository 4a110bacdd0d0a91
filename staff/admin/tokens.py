"""The API tokens of staff, which can be viewed and revoked."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.db_backend.fields import folded_search_fields
from staff.actors import admin_actor
from staff.admin.base import ReadOnlyAdminMixin, StaffModelAdmin
from staff.admin.staff_users import may_manage
from staff.admin_site import site
from staff.models import StaffToken
from staff.tokens import revoke_token


@admin.register(StaffToken, site=site)
class StaffTokenAdmin(ReadOnlyAdminMixin, StaffModelAdmin):
    """Tokens. A staff user may revoke their own, and those of users that they may change."""

    list_display = ("staff", "name", "created_at", "expires_at", "last_used_at", "ip", "revoked_at")
    list_filter = ("expires_at", "revoked_at")
    list_select_related = ("staff",)
    search_fields = folded_search_fields("staff__email", "name")
    fields = (
        "staff",
        "name",
        "created_at",
        "expires_at",
        "last_used_at",
        "ip",
        "user_agent",
        "revoked_at",
    )
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffToken]:
        """Return the user's own tokens, and all tokens with the permission to view staff."""
        tokens = super().get_queryset(request)
        user: Any = request.user
        return tokens if user.has_perm("staff.view_staffuser") else tokens.filter(staff=user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Allow it: all staff users have tokens."""
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow it: ``get_queryset`` limits the rows."""
        return True

    @admin.action(description=_("End selected tokens"))
    def end(self, request: HttpRequest, queryset: QuerySet[StaffToken]) -> None:
        """Revoke the selected tokens that the user may revoke."""
        tokens = [t for t in queryset.select_related("staff") if _may_revoke(request, t)]
        for token in tokens:
            revoke_token(token, actor=admin_actor(request))
        count = len(tokens)
        text = ngettext("%d token was ended.", "%d tokens were ended.", count) % count
        messages.success(request, text)


def _may_revoke(request: HttpRequest, token: StaffToken) -> bool:
    user: Any = request.user
    allowed = user.has_perm("staff.change_staffuser") and may_manage(request, token.staff)
    return allowed or token.staff == user
