"""Support access in the admin: asking an owner, and reading what was granted.

Every page of a section names the workspace, the end of the access, and that it is recorded.
"""

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.db_backend.fields import folded_search_fields
from core.problems import Problem
from core.text.translation import translated
from staff.admin.base import ReadOnlyAdminMixin, StaffModelAdmin
from staff.admin_site import site
from staff.support_access import ask_for_access, give_up_access, may_ask, read_section
from tenants.models import Tenant
from tenants.support_access.models import MAX_HOURS, MAX_REASON_LENGTH, SupportAccess
from tenants.support_access.queries import access_of_staff

ROUTE, SECTION_ROUTE = "tenants_tenant_support", "tenants_tenant_support_section"
SECTIONS = {
    "people": _("People"),
    "sessions": _("Sessions"),
    "files": _("Names of files"),
    "usage": _("Usage"),
    "audit": _("Audit trail"),
}
MAX_PAGE = 1000


class AskForm(forms.Form):
    """A request to the owners of a tenant."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=MAX_REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("The owners of the workspace read it."),
    )
    hours = forms.IntegerField(
        label=_("Hours"),
        min_value=1,
        max_value=MAX_HOURS,
        initial=1,
        help_text=_("At most 24. The owner who grants it may choose another number."),
    )


def support_urls(modeladmin: Any) -> list[Any]:
    """Return the routes of one tenant's support access."""

    def page(request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
        return _access_page(modeladmin, request, tenant_id)

    @require_safe
    def section_page(request: HttpRequest, tenant_id: uuid.UUID, section: str) -> HttpResponse:
        return _section_page(modeladmin, request, tenant_id, section)

    view = modeladmin.admin_site.admin_view
    return [
        path("<id:tenant_id>/support/", view(page), name=ROUTE),
        path("<id:tenant_id>/support/<slug:section>/", view(section_page), name=SECTION_ROUTE),
    ]


def support_url(tenant: Tenant) -> str:
    """Return the page of a tenant's support access."""
    return reverse(f"admin:{ROUTE}", args=[tenant.pk])


def _access_page(modeladmin: Any, request: HttpRequest, tenant_id: uuid.UUID) -> HttpResponse:
    """Show the state of the own access, ask for one, or give it up."""
    tenant = _allowed_tenant(modeladmin, request, tenant_id)
    staff: Any = request.user
    form = AskForm(request.POST if request.POST.get("verb") == "ask" else None, label_suffix="")
    if request.method == "POST":
        if request.POST.get("verb") == "give_up":
            give_up_access(staff, tenant.pk)
            messages.success(request, gettext("The access has ended."))
            return redirect(support_url(tenant))
        if form.is_valid() and _is_asked(request, form, tenant):
            return redirect(support_url(tenant))
    context = {
        **_context(modeladmin, request, tenant),
        "form": form,
        "access": access_of_staff(staff.pk, tenant_id=tenant.pk),
        "former": SupportAccess.objects.filter(tenant=tenant, staff_id=staff.pk)
        .exclude(ended_at=None)
        .order_by("-requested_at")[:10],
    }
    return TemplateResponse(request, "admin/tenants/support.html", context)


def _is_asked(request: HttpRequest, form: AskForm, tenant: Tenant) -> bool:
    staff: Any = request.user
    try:
        ask_for_access(staff, tenant.pk, **form.cleaned_data)
    except Problem as problem:
        for error in problem.errors:
            form.add_error(error.field, translated(error.detail))
        if not problem.errors:
            form.add_error(None, translated(problem.detail))
        return False
    messages.success(request, gettext("The owners of the workspace are asked, also by e-mail."))
    return True


def _section_page(
    modeladmin: Any, request: HttpRequest, tenant_id: uuid.UUID, section: str
) -> HttpResponse:
    """Show one section of the tenant while access is granted."""
    tenant = _allowed_tenant(modeladmin, request, tenant_id)
    if section not in SECTIONS:
        raise Http404
    number, staff = _page_number(request), request.user
    try:
        access, shown = read_section(staff, tenant.pk, section=section, page=number)  # type: ignore[arg-type]
    except Problem as problem:
        messages.error(request, translated(problem.detail))
        return redirect(support_url(tenant))
    context = {
        **_context(modeladmin, request, tenant),
        "title": SECTIONS[section],
        "access": access,
        "section": section,
        "shown": shown,
        "number": number,
        "previous": number - 1,
        "following": number + 1 if shown.has_more and number < MAX_PAGE else 0,
    }
    return TemplateResponse(request, "admin/tenants/support_section.html", context)


def _allowed_tenant(modeladmin: Any, request: HttpRequest, tenant_id: uuid.UUID) -> Tenant:
    """Return the tenant. Raises: Http404; PermissionDenied for staff who may not ask."""
    tenant: Tenant | None = modeladmin.get_object(request, str(tenant_id))
    if tenant is None:
        raise Http404
    if not (may_ask(request.user) and modeladmin.has_view_permission(request, tenant)):
        raise PermissionDenied
    return tenant


def _page_number(request: HttpRequest) -> int:
    text = request.GET.get("page", "1")
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE):
        raise BadRequest("No page of this number")
    return int(text)


def _context(modeladmin: Any, request: HttpRequest, tenant: Tenant) -> dict[str, Any]:
    return {
        **modeladmin.admin_site.each_context(request),
        "title": _("Support access"),
        "opts": modeladmin.opts,
        "subject": tenant,
        "subject_url": reverse("admin:tenants_tenant_change", args=[tenant.pk]),
        "support_url": support_url(tenant),
        "sections": [
            {"name": name, "title": title, "url": _section_url(tenant, name)}
            for name, title in SECTIONS.items()
        ],
    }


def _section_url(tenant: Tenant, section: str) -> str:
    return reverse(f"admin:{SECTION_ROUTE}", args=[tenant.pk, section])


@admin.register(SupportAccess, site=site)
class SupportAccessAdmin(ReadOnlyAdminMixin, StaffModelAdmin):
    """Requests and accesses of all tenants, to look at."""

    list_display = ("tenant", "staff_label", "requested_at", "granted_at", "expires_at", "ending")
    list_filter = ("requested_at", "end_reason")
    list_select_related = ("tenant",)
    search_fields = folded_search_fields("staff_label", "tenant__name")
    fields = (
        *("tenant", "staff_label", "reason", "hours", "requested_at", "answer_by"),
        *("granted_at", "expires_at", "ended_at", "ending"),
    )
    readonly_fields = ("ending",)
    list_per_page = 50
    show_full_result_count = False

    @admin.display(description=_("why it ended"))
    def ending(self, access: SupportAccess) -> str:
        """Return why an access ended; a dash while it is open."""
        now = timezone.now()
        return access.reason_for_end if access.state_at(now) == "ended" else "-"
