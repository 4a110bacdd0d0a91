"""Scheduling a tenant's deletion, calling it off, and ending its tokens."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from staff.actors import admin_actor
from staff.admin.confirmed_action import ConfirmationForm, ConfirmedAction
from tenants.availability import TenantState, tenant_state
from tenants.lifecycle import MAX_GRACE_DAYS, cancel_deletion, schedule_deletion
from tenants.models import Tenant
from tenants.services import rotate_key


class DeletionForm(ConfirmationForm):
    """When a tenant may be purged, and the proof that nobody clicked by mistake."""

    days = forms.IntegerField(
        label=_("Days until it is deleted for good"),
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        help_text=_(
            "It answers nobody from now on. Until that day the deletion can be called off."
        ),
    )
    export = forms.BooleanField(label=_("Keep an archive of it"), required=False, initial=True)
    typed = forms.CharField(max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, data: Any, tenants: list[Tenant]) -> None:
        super().__init__(data, tenants)
        self.fields["days"].initial = settings.DELETION_GRACE_DAYS
        text = gettext("Type %(word)s to confirm")
        self.fields["typed"].label = text % {"word": self._word()}

    def clean_typed(self) -> str:
        """Refuse any other word."""
        typed = str(self.cleaned_data["typed"])
        if typed.strip().lower() != self._word().lower():
            raise forms.ValidationError(_("This is not the word that was asked for."), "mismatch")
        return typed

    def _word(self) -> str:
        [tenant] = self.tenants
        return tenant.slug or tenant.name


def _can_be_scheduled(tenant: Tenant) -> bool:
    return tenant_state(tenant) not in {TenantState.SCHEDULED, TenantState.DELETING}


DELETE = ConfirmedAction(
    action="schedule_deletion",
    title=_("Delete a workspace"),
    question=_("This workspace with all its people and files will be deleted:"),
    button=_("Delete it on that day"),
    form=DeletionForm,
    grave=True,
    one_by_one=True,
    applies=_can_be_scheduled,
    carry_out=lambda tenant, request, data: schedule_deletion(
        tenant.pk, actor=admin_actor(request), days=data["days"], export=data["export"]
    ),
)
CANCEL_DELETION = ConfirmedAction(
    action="call_off_deletion",
    title=_("Call deletions off"),
    question=_("These workspaces will not be deleted, and answer as they did before:"),
    button=_("Call off"),
    applies=lambda tenant: tenant_state(tenant) is TenantState.SCHEDULED,
    carry_out=lambda tenant, request, data: cancel_deletion(tenant.pk, actor=admin_actor(request)),
)
ROTATE_KEY = ConfirmedAction(
    action="rotate_key",
    title=_("Change signing keys"),
    question=_("Everybody in these workspaces will have to log in again:"),
    button=_("Change the key"),
    grave=True,
    applies=lambda tenant: tenant_state(tenant) is not TenantState.DELETING,
    carry_out=lambda tenant, request, data: rotate_key(tenant.pk, actor=admin_actor(request)),
)
