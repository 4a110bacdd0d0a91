"""Staff and their groups."""

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
# Rights on what the admin shows. Django makes them for every model, tenants' tables included.
ADMIN_MODELS = (
    ("tenants", "tenant"),
    ("tenants", "deletioncertificate"),
    ("tenants", "fleetrun"),
    ("staff", "staffuser"),
    ("auth", "group"),
    ("audit", "auditevent"),
)


def admin_permissions() -> Any:
    """Return the permissions that mean something here."""
    wanted = Q()
    for app, model in ADMIN_MODELS:
        wanted |= Q(content_type__app_label=app, content_type__model=model)
    return Permission.objects.filter(wanted).select_related("content_type")


class _PermissionChoicesMixin:
    def formfield_for_manytomany(
        self, db_field: Any, request: HttpRequest | None = None, **kwargs: Any
    ) -> Any:
        if db_field.name in {"permissions", "user_permissions"}:
            kwargs["queryset"] = admin_permissions()
        return super().formfield_for_manytomany(db_field, request, **kwargs)  # type: ignore[misc]


@admin.register(StaffUser, site=site)
class StaffAdmin(_PermissionChoicesMixin, AuditedAdmin, UserAdmin):  # type: ignore[type-arg]
    """People who run the platform.

    Only those who may do everything can hand out rights; nobody can touch those who may do more.
    """

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
        """Set somebody's password; one's own is changed where the current one is asked for."""
        key = kwargs["id"] if "id" in kwargs else args[0]
        if self.get_object(request, unquote(key)) == request.user:
            return redirect("admin:password_change")
        return super().user_change_password(request, *args, **kwargs)

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        """Return the rows that hold every word, or the address in whatever spelling."""
        found, duplicates = super().get_search_results(request, queryset, search_term)
        part = searchable_address_part(search_term.strip()[:MAX_SEARCH_LENGTH])
        if part != search_term:
            found |= queryset.filter(email__folded_contains=part)
        return found, duplicates

    @admin.action(description=_("Reset the second factor"), permissions=["reset"])
    def reset_second_factor(self, request: HttpRequest, queryset: Any) -> None:
        """Take the factor from people who lost theirs; one's own is removed on its own page."""
        others = [s for s in queryset if s.second_factor_at and s != request.user]
        for staff in others:
            remove_factor(staff, actor=admin_actor(request), why="reset")
        count = len(others)
        text = ngettext("%d second factor was reset.", "%d second factors were reset.", count)
        messages.success(request, text % count)

    def has_reset_permission(self, request: HttpRequest) -> bool:
        """Tell whether second factors of others may be reset: by those who may do everything."""
        return _is_superuser(request)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep rights out of the reach of those who do not have them all."""
        fields = super().get_readonly_fields(request, obj)
        return fields if _is_superuser(request) else (*fields, *PERMISSION_FIELDS)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be changed."""
        return super().has_change_permission(request, obj) and may_manage(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether ``obj`` may be deleted: not oneself, and not the last of the able."""
        if obj is not None and (obj == request.user or is_last_superuser(obj)):
            return False
        return super().has_delete_permission(request, obj) and may_manage(request, obj)


def _is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))


def may_manage(request: HttpRequest, obj: StaffUser | None) -> bool:
    """Tell whether whoever asks may change somebody.

    Whoever can set a person's password or address can act as that person.

    So nobody may touch somebody who has a right that they lack themselves.
    """
    if obj is None or _is_superuser(request):
        return True
    return not obj.is_superuser and request.user.has_perms(obj.get_all_permissions())


@admin.register(Group, site=site)
class StaffGroupAdmin(_PermissionChoicesMixin, AuditedAdmin, GroupAdmin):
    """Groups of rights. Whoever edits one hands out rights, so that takes the right to all."""

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
