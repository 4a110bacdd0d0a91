"""Forms for tenants. They apply the rules of the services, so that errors appear at their field."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.forms.models import BaseInlineFormSet
from django.utils.translation import gettext_lazy as _

from core.forms import EmailAddressFormField
from core.problems import FieldError, ValidationFailed
from core.text.translation import translated
from staff.admin.limit_fields import LimitFields
from tenants import names
from tenants.domains.validation import clean_new_domain, is_domain_available
from tenants.models import Domain, Tenant
from tenants.names import clean_tenant_name

TAKEN = FieldError("", "taken", "Somebody has this name already.")


def clean_with(rule: Callable[[str], str], text: str) -> str:
    """Return the text cleaned by a service's rule. Raises forms.ValidationError."""
    try:
        return rule(text)
    except ValidationFailed as problem:
        errors = [forms.ValidationError(translated(f.detail), f.code) for f in problem.errors]
        raise forms.ValidationError(errors) from problem


def require_free(name: str) -> str:
    """Return a name that no tenant uses. Raises: ValidationFailed for one that is taken."""
    if not is_domain_available(name):
        raise ValidationFailed(errors=[TAKEN])
    return name


class TenantForm(forms.ModelForm):  # type: ignore[type-arg]
    """The fields of a new and of an existing tenant."""

    class Meta:
        model = Tenant
        fields = ("name", "registration")

    def clean_name(self) -> str:
        """Return the cleaned name, or the stored one if it is unchanged."""
        if self.cleaned_data["name"] == self.instance.name:
            return str(self.instance.name)
        return clean_with(clean_tenant_name, self.cleaned_data["name"])


class ChangeTenantForm(LimitFields, TenantForm):
    """An existing tenant; another subdomain renames it."""

    subdomain = forms.CharField(
        label=_("Subdomain"),
        max_length=63,
        required=False,
        help_text=_("Links to the former one lead to the new one for a while."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["subdomain"].initial = self.instance.slug
        self.show_limits(self.instance)

    def clean_subdomain(self) -> str:
        """Return the slug. Blank is the current one; a previous one of the tenant is valid."""
        wanted = self.cleaned_data["subdomain"] or self.instance.slug
        own = {domain.domain for domain in self.instance.domains.all() if domain.is_label}
        if wanted.strip().lower() in own:
            return str(wanted.strip().lower())
        return clean_with(lambda text: require_free(names.clean_new_slug(text)), wanted)


class NewTenantForm(TenantForm):
    """A new tenant, which is provisioned when the form is saved."""

    subdomain = forms.CharField(
        label=_("Subdomain"),
        max_length=63,
        help_text=_("2 to 40 lower-case letters, digits and hyphens, such as acme."),
    )
    owner_email = EmailAddressFormField(
        label=_("Owner's e-mail address"),
        help_text=_("The first person of the workspace gets an invitation by e-mail."),
    )

    def clean_subdomain(self) -> str:
        """Return the slug."""
        return clean_with(
            lambda text: require_free(names.clean_new_slug(text)), self.cleaned_data["subdomain"]
        )


class DomainForm(forms.ModelForm):  # type: ignore[type-arg]
    """A domain of a tenant. An existing one cannot be renamed, only removed."""

    verified = forms.BooleanField(
        label=_("Verified"),
        required=False,
        help_text=_("A custom domain answers once it is verified."),
    )

    class Meta:
        model = Domain
        fields = ("domain",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = not self.instance._state.adding
        self.fields["domain"].disabled = known
        if known:
            self.fields["verified"].initial = self.instance.verified_at is not None
            self.fields["verified"].disabled = self.instance.kind == Domain.Kind.SUBDOMAIN

    def clean_domain(self) -> str:
        """Return the domain in stored form."""
        if self.fields["domain"].disabled:
            return str(self.instance.domain)
        return clean_with(
            lambda text: require_free(clean_new_domain(text)), self.cleaned_data["domain"]
        )


class DomainFormSet(BaseInlineFormSet):  # type: ignore[type-arg]
    """The domains of one tenant."""

    def add_fields(self, form: Any, index: int | None) -> None:
        """Name each field for screen readers: in Django's table only the columns have names."""
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = field.label or ""

    def clean(self) -> None:
        """Raise ValidationError if the primary domain is removed."""
        super().clean()
        if any(form.instance.is_primary for form in self.deleted_forms if form.instance.pk):
            raise forms.ValidationError(_("A workspace keeps its primary domain."))
