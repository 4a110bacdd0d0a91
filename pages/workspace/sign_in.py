"""Settings: rules for sessions, second factors, verified addresses and invitations."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from accounts.api.own_tenant_serializers import own_tenant_etag
from accounts.models import User
from accounts.own_tenant.services import get_own_tenant
from accounts.own_tenant.settings import SETTING_RULES
from accounts.permissions import policy_from_settings
from pages.members import current_person, member_page
from pages.workspace.rendering import TenantForm, change_tenant, render_settings
from tenants.models import Tenant

TEMPLATE, TAB = "settings/sign_in.html", "settings-sign-in"
MINUTE, HOUR, DAY = 60, 3600, 86400
IDLE_TIMES = [
    (0, _("Never")),
    (15 * MINUTE, _("After 15 minutes")),
    (HOUR, _("After 1 hour")),
    (8 * HOUR, _("After 8 hours")),
    (DAY, _("After 1 day")),
]
ABSOLUTE_TIMES = [
    (0, _("Never")),
    (8 * HOUR, _("After 8 hours")),
    (DAY, _("After 1 day")),
    (7 * DAY, _("After 7 days")),
    (30 * DAY, _("After 30 days")),
]
INVITATION_TIMES = [
    (DAY, _("1 day")),
    (3 * DAY, _("3 days")),
    (7 * DAY, _("7 days")),
    (30 * DAY, _("30 days")),
]
SECONDS = ("session_idle_seconds", "session_absolute_seconds", "invitation_seconds")


class SignInForm(TenantForm):
    """The settings of this page; those that only owners change are left out for others."""

    session_idle_seconds = forms.TypedChoiceField(
        label=_("Log out people who do nothing"), coerce=int, choices=IDLE_TIMES
    )
    session_absolute_seconds = forms.TypedChoiceField(
        label=_("Ask for a new log-in in any case"), coerce=int, choices=ABSOLUTE_TIMES
    )
    sessions_per_user = forms.IntegerField(
        label=_("Devices of one person at the same time"), min_value=1, max_value=1000
    )
    invitation_seconds = forms.TypedChoiceField(
        label=_("Invitations are valid for"), coerce=int, choices=INVITATION_TIMES
    )
    second_factor_roles = forms.MultipleChoiceField(
        label=_("A second factor is required for"),
        required=False,
        choices=[
            (User.Role.OWNER.value, _("Owners")),
            (User.Role.ADMIN.value, _("Administrators")),
            (User.Role.MEMBER.value, _("Members")),
        ],
        widget=forms.CheckboxSelectMultiple,
    )
    email_verification = forms.ChoiceField(
        label=_("E-mail addresses"),
        choices=[("off", _("Need no confirmation")), ("required", _("Must be confirmed first"))],
        widget=forms.RadioSelect,
    )

    def __init__(self, data: Any = None, *, role: str, current: dict[str, Any]) -> None:
        super().__init__(data, initial=current)
        for name, rule in SETTING_RULES.items():
            if name in self.fields and role not in rule.roles:
                del self.fields[name]
        for name in SECONDS:
            self._offer_current(name, current[name])

    def _offer_current(self, name: str, seconds: int) -> None:
        """Add a value that was set over the API to the choices."""
        field: Any = self.fields[name]
        if seconds not in dict(field.choices):
            field.choices = [*field.choices, (seconds, _("%(n)s seconds") % {"n": seconds})]


@member_page("GET", "POST", action="tenant:write")
def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Show the rules for log-ins, or change them."""
    role, current = current_person(request).role, _current(get_own_tenant())
    if request.method != "POST":
        form = SignInForm(role=role, current=current)
        return render_settings(request, TEMPLATE, {"form": form}, tab=TAB)
    form = SignInForm(request.POST, role=role, current=current)
    if not form.is_valid():
        return render_settings(request, TEMPLATE, {"form": form}, tab=TAB, status=400)
    wanted = {name: value for name, value in form.cleaned_data.items() if name != "version"}
    return change_tenant(request, form, {"settings": wanted}, template=TEMPLATE, tab=TAB)


def _current(tenant: Tenant) -> dict[str, Any]:
    policy = policy_from_settings(tenant.settings)
    names = [name for name in SignInForm.base_fields if name != "version"]
    values = {name: getattr(policy, name) for name in names}
    return {**values, "version": own_tenant_etag(tenant)}
