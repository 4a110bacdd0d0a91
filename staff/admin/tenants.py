"""The admin of tenants."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.db_backend.fields import folded_search_fields
from staff.actors import admin_actor
from staff.admin.base import StaffModelAdmin
from staff.admin.domains import DomainInline, save_domains
from staff.admin.limit_fields import LimitColumns
from staff.admin.support_access import support_urls
from staff.admin.tenant_actions import TenantActions
from staff.admin.tenant_columns import StateFilter, TenantColumns
from staff.admin.tenant_forms import ChangeTenantForm, NewTenantForm
from staff.admin.tenant_overview import overview
from staff.admin_site import site
from staff.tenant_services import change_tenant, invite_owner
from tenants.context import LIMIT_NAMES, TenantRef
from tenants.models import Tenant
from tenants.routing import site_url
from tenants.services import create_tenant


@admin.register(Tenant, site=site)
class TenantAdmin(TenantActions, TenantColumns, LimitColumns, StaffModelAdmin):  # type: ignore[misc]
    """Tenants. The services of ``tenants`` validate, make and record all changes."""

    list_display = ("name", "subdomain", "state", "size", "created_at")
    list_filter = (StateFilter, "status", "registration", "created_at")
    search_fields = folded_search_fields("name", "domains__domain")
    search_help_text = _("Name or domain")
    list_per_page = 50
    show_full_result_count = False
    inlines = (DomainInline,)
    readonly_fields = (
        "status",
        "suspended_reason",
        "maintenance",
        "maintenance_since",
        "maintenance_note",
        "deletion_requested_at",
        "deletion_due_at",
        "export_before_deletion",
        "cloned_from",
        "usage_in_words",
        "requests_in_words",
        "address",
        "id",
        "schema_name",
        "object_prefix",
        "key_version",
        "created_at",
        "updated_at",
    )
    add_fieldsets = ((None, {"fields": ("name", "subdomain", "registration", "owner_email")}),)
    fieldsets = (
        (None, {"fields": ("name", "subdomain", "address", "registration")}),
        (
            _("State"),
            {
                "fields": (
                    "status",
                    "suspended_reason",
                    ("maintenance", "maintenance_since"),
                    "maintenance_note",
                    ("deletion_requested_at", "deletion_due_at", "export_before_deletion"),
                    ("created_at", "updated_at"),
                ),
            },
        ),
        (
            _("Limits"),
            {
                "fields": LIMIT_NAMES,
            },
        ),
        (_("Usage"), {"fields": ("usage_in_words", "requests_in_words")}),
        (
            _("Inside"),
            {
                "fields": ("id", "schema_name", "object_prefix", "key_version", "cloned_from"),
                "description": _("The schema and the prefix never change."),
            },
        ),
    )

    # -- what is shown ---------------------------------------------------------------------------
    def get_queryset(self, request: HttpRequest) -> QuerySet[Tenant]:
        """Return tenants with their domains."""
        return super().get_queryset(request).prefetch_related("domains").select_related("usage")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields of a new or of an existing tenant."""
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form of a new or of an existing tenant."""
        kwargs["form"] = ChangeTenantForm if obj else NewTenantForm
        return super().get_form(request, obj, change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the inlines of an existing tenant; a new one has its domain in its form."""
        return self.inlines if obj else ()

    @admin.display(description=_("subdomain"))
    def subdomain(self, tenant: Tenant) -> str:
        """Return the subdomain."""
        return tenant.slug

    @admin.display(description=_("address"))
    def address(self, tenant: Tenant) -> str:
        """Return the tenant's URL."""
        return site_url(tenant.slug) if tenant.slug else self.get_empty_value_display()

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the overview of the tenant above its form."""
        tenant = self.get_object(request, unquote(object_id))
        shown = {"overview": overview(self, request, tenant)} if tenant else {}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})

    def get_urls(self) -> list[Any]:
        """Return the pages of tenants and those of support accesses."""
        return [*support_urls(self), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the action ``schedule_deletion`` deletes a tenant."""
        return False

    # -- what is done ----------------------------------------------------------------------------
    def save_model(self, request: HttpRequest, obj: Tenant, form: Any, change: bool) -> None:
        """Provision a new tenant, or change an existing one."""
        data = form.cleaned_data
        if change:
            change_tenant(obj.pk, data, actor=admin_actor(request))
            return
        ref = create_tenant(
            name=data["name"],
            subdomain=data["subdomain"],
            registration=data["registration"],
            actor=admin_actor(request),
        )
        obj.pk = ref.id
        obj.refresh_from_db()
        obj._state.adding = False
        self._invite_owner(request, ref, data["owner_email"])

    def _invite_owner(self, request: HttpRequest, ref: TenantRef, email: str) -> None:
        invite_owner(ref, email=email, actor=admin_actor(request))
        text = gettext("%(email)s is invited by e-mail to own %(address)s")
        values = {"email": email, "address": site_url(ref.slug)}
        transaction.on_commit(lambda: messages.success(request, text % values))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Add and remove domains."""
        save_domains(form.instance, formset, actor=admin_actor(request))
