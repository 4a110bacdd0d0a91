"""The domains of a tenant, on its page in the admin."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from audit.services import Actor
from staff.admin.tenant_forms import DomainForm, DomainFormSet
from tenants.domains.dns_proof import proof_record
from tenants.domains.services import add_domain, remove_domain, set_verified
from tenants.models import Domain, Tenant

# Domains that one form may add. The client sends the number of rows, and Django accepts 2 000.
MAX_NEW_DOMAINS = 50


class DomainInline(admin.TabularInline):  # type: ignore[type-arg]
    """Domains as rows of a table; the permissions are those of the tenant."""

    model = Domain
    form = DomainForm
    formset = DomainFormSet
    fields = (
        "domain",
        "verified",
        "shown_kind",
        "shown_primary",
        "shown_proof",
        "check_result",
        "redirect_until",
    )
    readonly_fields = fields[2:]
    extra = 0
    verbose_name = _("domain")
    verbose_name_plural = _("domains")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return the formset with the existing rows and at most ``MAX_NEW_DOMAINS`` more."""
        max_rows = (obj.domains.count() if obj else 0) + MAX_NEW_DOMAINS
        return super().get_formset(
            request, obj, **{"max_num": max_rows, "absolute_max": max_rows, **kwargs}
        )

    @admin.display(description=_("kind"))
    def shown_kind(self, domain: Domain) -> str:
        """Return the kind; a new row has none yet."""
        return "-" if domain._state.adding else str(domain.get_kind_display())

    @admin.display(description=_("primary"), boolean=True)
    def shown_primary(self, domain: Domain) -> bool:
        """Tell whether this is the tenant's primary domain."""
        return domain.is_primary and not domain._state.adding

    @admin.display(description=_("DNS record"))
    def shown_proof(self, domain: Domain) -> Any:
        """Return the DNS record that proves a custom domain, one part per line."""
        if domain._state.adding or domain.is_label:
            return "-"
        proof = proof_record(domain)
        return format_html("{}<br>{}<br>{}", proof.name, proof.type, proof.value)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the user may view the domains."""
        user: Any = request.user
        return bool(user.has_perm("tenants.view_tenant")) or self._may_change(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the user may add a domain."""
        return self._may_change(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the user may change a domain."""
        return self._may_change(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether the user may remove a domain."""
        return self._may_change(request)

    def _may_change(self, request: HttpRequest) -> bool:
        user: Any = request.user
        return bool(user.has_perm("tenants.change_tenant"))


def save_domains(tenant: Tenant, formset: Any, *, actor: Actor) -> None:
    """Apply a formset with the services, and set the attributes that Django expects."""
    formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
    for form in formset.forms:
        if form in formset.deleted_forms:
            _remove(formset, form, actor)
        elif form.has_changed():
            _save(tenant, formset, form, actor)


def _remove(formset: Any, form: Any, actor: Actor) -> None:
    if not form.instance._state.adding:
        remove_domain(form.instance.pk, actor=actor)
        formset.deleted_objects.append(form.instance)


def _save(tenant: Tenant, formset: Any, form: Any, actor: Actor) -> None:
    verified = bool(form.cleaned_data.get("verified"))
    if form.instance._state.adding:
        name = form.cleaned_data["domain"]
        formset.new_objects.append(add_domain(tenant.pk, name=name, verified=verified, actor=actor))
    else:
        set_verified(form.instance.pk, verified=verified, actor=actor)
        formset.changed_objects.append((form.instance, form.changed_data))
