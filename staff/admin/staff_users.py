"""The admin of staff users and their groups."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import Q
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.api.filters import MAX_SEARCH_LENGTH
from core.db_backend.fields import folded_search_fields
from core.text.email_addresses import searchable_address_part
from staff.actors import admin_actor
from staff.admin.base import AuditedAdmin
from staff.admin_site import site
from staff.forms import ChangeStaffForm, NewStaffForm, SetStaffPasswordForm, is_last_superuser
from staff.models import StaffUser
from staff.second_factor import remove_factor

PERMISSION_FIELDS = ("is_superuser", "groups", "user_permissions")
VERBS = {
    "add": _("may add"),
    "change": _("may change"),
    "delete": _("may delete"),
    "view": _("may view"),
}
# Models of the admin. Django creates permissions for every model, those of tenants included.
ADMIN_MODELS = (
    ("tenants", "tenant"),
    ("tenants", "deletioncertificate"),
    ("tenants", "fleetrun"),
    ("tenants", "supportaccess"),
    ("staff", "staffuser"),
    ("auth", "group"),
    ("audit", "auditevent"),
)


def admin_permissions() -> Any:
    """Return the permissions on models of the admin."""
    wanted = Q()
    for app, model in ADMIN_MODELS:
        wanted |= Q(content_type__app_label=app, content_type__model=model)
    return Permission.objects.filter(wanted).select_related("content_type")


def permission_label(permission: Permission) -> str:
    """Return a permission in the reader's language; Django stores its name in English."""
    verb = VERBS.get(permission.codename.partition("_")[0], permission.name)
    return f"{permission.content_type} | {verb}"


class _PermissionChoicesMixin:
    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        is_permissions = db_field.name in {"permissions", "user_permissions"}
        if is_permissions:
            kwargs["queryset"] = admin_permissions()
        field = super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]
        if field is not None and is_permissions:
            field.label_from_instance = permission_label
        return field


@admin.register(StaffUser, site=site)
class StaffAdmin(_PermissionChoicesMixin, AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """Staff users. Only a superuser grants permissions (see ``may_manage`` for the other rules)."""

    kind = "staff"
    form = ChangeStaffForm
    add_form = NewStaffForm
    change_password_form = SetStaffPasswordForm
    list_display = (
        "email",
        "first_name",
        "last_name",
        "is_superuser",
        "is_active",
        "second_factor_at",
    )
    list_filter = ("is_active", "is_superuser", "groups")
    search_fields = folded_search_fields("email", "first_name", "last_name")
    ordering = ("email",)
    readonly_fields = ("second_factor_at", "last_login", "created_at")
    actions = ("reset_second_factor",)
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        (_("Permissions"), {"fields": ("is_active", "second_factor_at", *PERMISSION_FIELDS)}),
        (_("Important dates"), {"fields": ("last_login", "created_at")}),
    )
    add_fieldsets = (
        (
            None,
            {
                "classes": ("wide",),
                "fields": ("email", "first_name", "last_name", "password1", "password2"),
            },
        ),
    )

    def user_change_password(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Set the password of another user; one's own page asks for the current password."""
        key = kwargs["id"] if "id" in kwargs else args[0]
        if self.get_object(request, unquote(key)) == request.user:
            return redirect("admin:password_change")
        return super().user_change_password(request, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Return the rows that contain every word, or the address in any spelling."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        part = searchable_address_part(search_term.strip()[:MAX_SEARCH_LENGTH])
        if part != search_term:
            found |= queryset.filter(email__folded_contains=part)
        return found, duplicates

    @admin.action(description=_("Reset the second factor"), permissions=["reset"])
    def reset_second_factor(self, request: HttpRequest, queryset: Any) -> None:
        """Remove the second factor of other users; one's own is removed on its own page."""
        others = [s for s in queryset if s.second_factor_at and s != request.user]
        for staff in others:
            remove_factor(staff, actor=admin_actor(request), why="reset")
        count = len(others)
        text = ngettext("%d second factor was reset.", "%d second factors were reset.", count)
        messages.success(request, text % count)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        """Tell whether the user may reset second factors: superusers only."""
        return _is_superuser(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Make the permission fields read-only for users who are not superusers."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, *PERMISSION_FIELDS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be changed."""
        return super().has_change_permission(request, obj) and may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be deleted: not the user, and not the last superuser."""
        if obj is not None and (obj == request.user or is_last_superuser(obj)):
            return False
        return super().has_delete_permission(request, obj) and may_manage(request, obj)


def may_manage(request: HttpRequest, obj: StaffUser | None) -> bool:
    """Tell whether the current user may change another staff user.

    Setting a user's password or address allows acting as that user. So a user may not change
    another one who has a permission that the first one lacks.
    """
    if obj is None or _is_superuser(request):
        return True
    return not obj.is_superuser and request.user.has_perms(obj.get_all_permissions())


@admin.register(Group, site=site)
class StaffGroupAdmin(_PermissionChoicesMixin, AuditedAdmin, GroupAdmin):
    """Groups of permissions. Changing one grants permissions, so only superusers may do it."""

    kind = "group"

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether a group may be added."""
        return _is_superuser(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be changed."""
        return _is_superuser(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be deleted."""
        return _is_superuser(request)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
