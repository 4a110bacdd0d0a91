"""Settings: logo and colour of the workspace."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.api.own_tenant_serializers import own_tenant_etag
from accounts.own_tenant.services import get_own_tenant
from accounts.own_tenant.settings import clean_accent_color
from accounts.permissions import policy_from_settings
from core.forms import as_form_validator
from core.http.small_files import with_small_files
from core.problems import Problem
from files.logo import remove_logo, set_logo
from pages.base import PageForm, with_problem_status
from pages.members import current_person, member_page, redirect_with_notice
from pages.workspace.rendering import TenantForm, change_tenant, render_settings
from tenants.branding import LOGO_TYPES

TEMPLATE, TAB = "settings/branding.html", "settings-branding"


class ColorForm(TenantForm):
    """The colour of the workspace."""

    accent_color = forms.CharField(
        label=_("Colour"),
        required=False,
        max_length=7,
        validators=[as_form_validator(clean_accent_color)],
        widget=forms.TextInput(attrs={"placeholder": "#0b6e5f", "spellcheck": "false"}),
        help_text=_(
            "As # and six digits, from your own style guide. Text on it becomes white or black, "
            "so that it can be read. Empty: the colour of Aggios."
        ),
    )


class LogoForm(PageForm):
    """A new logo."""

    logo = forms.FileField(
        label=_("Logo"),
        widget=forms.FileInput(attrs={"accept": ",".join(sorted(LOGO_TYPES))}),
        help_text=_(
            "PNG, JPEG or WebP, at most 1 MB and 2000 by 2000 pixels. Everybody who opens a page "
            "of this workspace sees it."
        ),
    )


@member_page("GET", "POST", action="tenant:write")
def branding_page(request: HttpRequest) -> HttpResponse:
    """Show logo and colour, or change the colour."""
    if request.method != "POST":
        return render_settings(request, TEMPLATE, _context(), tab=TAB)
    form = ColorForm(request.POST)
    if not form.is_valid():
        return render_settings(request, TEMPLATE, _context(form=form), tab=TAB, status=400)
    changes = {"settings": {"accent_color": form.cleaned_data["accent_color"]}}
    return change_tenant(
        request, form, changes, template=TEMPLATE, tab=TAB, context=_context(form=form)
    )


@with_small_files
@member_page("POST", action="tenant:write")
def logo_form_page(request: HttpRequest) -> HttpResponse:
    """Replace the logo, or remove it (``remove``)."""
    person = current_person(request)
    if "remove" in request.POST:
        remove_logo(actor=person)
        return redirect_with_notice(reverse(TAB), "saved")
    form = LogoForm(request.POST, files=request.FILES)
    context = _context(logo_form=form)
    if not form.is_valid():
        return render_settings(request, TEMPLATE, context, tab=TAB, status=400)
    try:
        set_logo(form.cleaned_data["logo"].read(), actor=person)
    except Problem as problem:
        form.add_problem(problem)
        return with_problem_status(render_settings(request, TEMPLATE, context, tab=TAB), problem)
    return redirect_with_notice(reverse(TAB), "saved")


def _context(**forms_: Any) -> dict[str, Any]:
    """Return the forms: those that were sent, and otherwise as the workspace is now."""
    tenant = get_own_tenant()
    color = policy_from_settings(tenant.settings).accent_color
    initial = {"version": own_tenant_etag(tenant), "accent_color": color}
    form = forms_.get("form") or ColorForm(initial=initial)
    logo_form = forms_.get("logo_form") or LogoForm()
    # The sentence above the forms is of the one that was sent.
    return {"form": form, "logo_form": logo_form, "sent": forms_.get("logo_form") or form}
