"""Settings: name, registration, sharing, language and time zone of the workspace."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.api.own_tenant_serializers import own_tenant_etag
from accounts.own_tenant.services import get_own_tenant
from accounts.permissions import policy_from_settings
from core.forms import LongSelect, as_form_validator
from core.time_zones import time_zone_names
from pages.members import member_page
from pages.workspace.rendering import TenantForm, change_tenant, render_settings
from tenants.models import Tenant
from tenants.names import MAX_TENANT_NAME_LENGTH, clean_tenant_name

TEMPLATE, TAB = "settings/general.html", "settings-general"
REGISTRATIONS = [
    (Tenant.Registration.CLOSED.value, _("By invitation only")),
    (Tenant.Registration.OPEN.value, _("Open to everybody who knows the address")),
]
SHARING = [("on", _("Links for people outside are allowed")), ("off", _("No links"))]


class GeneralForm(TenantForm):
    """The settings of this page."""

    name = forms.CharField(label=_("Name of the workspace"), max_length=MAX_TENANT_NAME_LENGTH)
    registration = forms.ChoiceField(
        label=_("New people"), choices=REGISTRATIONS, widget=forms.RadioSelect
    )
    sharing = forms.ChoiceField(
        label=_("Sharing of files"), choices=SHARING, widget=forms.RadioSelect
    )
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        help_text=_("For e-mails and pages of people who have chosen none."),
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False, widget=LongSelect)

    def __init__(self, data: Any = None, **options: Any) -> None:
        super().__init__(data, **options)
        unset = [("", _("Not set"))]
        self.fields["name"].validators.append(as_form_validator(clean_tenant_name))
        self.fields["language"].choices = [*unset, *settings.LANGUAGES]  # type: ignore[attr-defined]
        zones = [(name, name.replace("_", " ")) for name in sorted(time_zone_names())]
        self.fields["time_zone"].choices = [*unset, *zones]  # type: ignore[attr-defined]


@member_page("GET", "POST", action="tenant:write")
def general_page(request: HttpRequest) -> HttpResponse:
    """Show the general settings, or change them."""
    if request.method != "POST":
        form = GeneralForm(initial=_initial(get_own_tenant()))
        return render_settings(request, TEMPLATE, {"form": form}, tab=TAB)
    form = GeneralForm(request.POST)
    if not form.is_valid():
        return render_settings(request, TEMPLATE, {"form": form}, tab=TAB, status=400)
    fields = form.cleaned_data
    changes = {
        "name": fields["name"],
        "registration": fields["registration"],
        "settings": {name: fields[name] for name in ("sharing", "language", "time_zone")},
    }
    return change_tenant(request, form, changes, template=TEMPLATE, tab=TAB)


def _initial(tenant: Tenant) -> dict[str, Any]:
    policy = policy_from_settings(tenant.settings)
    return {
        "version": own_tenant_etag(tenant),
        "name": tenant.name,
        "registration": tenant.registration,
        "sharing": policy.sharing,
        "language": policy.language,
        "time_zone": policy.time_zone,
    }
