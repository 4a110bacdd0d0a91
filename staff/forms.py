"""Forms of the admin that concern staff themselves."""

from typing import Any, ClassVar

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.admin.forms import AdminPasswordChangeForm as OwnForm
from django.contrib.auth.forms import (
    AdminPasswordChangeForm,
    BaseUserCreationForm,
    UserChangeForm,
    UsernameField,
)
from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.services import record
from core.crypto.one_time_codes import MAX_CODE_LENGTH
from core.crypto.passwords import SAME_PASSWORD, normalize_password
from core.forms import EmailAddressFormField
from core.problems import InvalidCredentials, SecondFactorRequired, ValidationFailed
from staff.actors import actor_of, target_of
from staff.login_throttling import throttle_login
from staff.models import StaffUser
from staff.second_factor import require_code
from staff.services import clean_staff_names


class StaffLoginForm(AdminAuthenticationForm):
    """Address and password, and a code for who has a second factor."""

    # Django would take the name of the model's field, which is English.
    username = UsernameField(
        label=_("E-mail address"), widget=forms.TextInput(attrs={"autofocus": True})
    )
    code = forms.CharField(
        label=_("One-time code"),
        help_text=_("Of your app, or a recovery code; leave it empty if you have none."),
        required=False,
        max_length=MAX_CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Check what was sent, as one attempt on the account that it looks up. Raises RateLimited.

        It is counted here because the field has normalised the name (NFKC): that is looked up.
        """
        email, password = (self.cleaned_data.get(name) for name in ("username", "password"))
        if not (email and password):
            return super().clean()
        with throttle_login(email):
            return super().clean()

    def confirm_login_allowed(self, user: Any) -> None:
        """Refuse who may not log in, or lacks the right code. Raises RateLimited."""
        super().confirm_login_allowed(user)
        try:
            require_code(user, self.cleaned_data.get("code", ""))
        except SecondFactorRequired as exc:
            raise forms.ValidationError({"code": _("Enter the code that your app shows.")}) from exc
        except InvalidCredentials as exc:
            raise self.get_invalid_login_error() from exc


class OwnPasswordChangeForm(OwnForm):
    """A member of staff changes their own password."""

    def clean_old_password(self) -> str:
        """Check the current password, counted like a log-in. Raises RateLimited."""
        with throttle_login(self.user.email):
            try:
                return super().clean_old_password()
            except forms.ValidationError:
                staff = self.user
                record("staff.password_refused", actor=actor_of(staff), target=target_of(staff))
                raise

    def clean(self) -> dict[str, Any]:
        """Refuse the current password as the new one: whoever has given it would know it still."""
        super().clean()
        old, new = (self.cleaned_data.get(name) for name in ("old_password", "new_password1"))
        if old and new and normalize_password(old) == normalize_password(new):
            self.add_error("new_password1", forms.ValidationError(_(SAME_PASSWORD), "same"))
        return self.cleaned_data

    def save(self, commit: bool = True) -> Any:
        """Save and record it."""
        self.user.password_change_required = False
        with transaction.atomic():
            staff = super().save(commit)
            record("staff.password_changed", actor=actor_of(staff), target=target_of(staff))
        return staff


class SetStaffPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """A member of staff sets somebody else's password."""

    def save(self, commit: bool = True) -> Any:
        """Save it as one that they have to change."""
        self.user.password_change_required = True
        return super().save(commit)


class _StaffFieldsForm(forms.ModelForm):  # type: ignore[type-arg]
    def clean_first_name(self) -> str:
        """Return the name in normal form C."""
        return self._clean_name("first_name")

    def clean_last_name(self) -> str:
        """Return the name in normal form C."""
        return self._clean_name("last_name")

    def _clean_name(self, name: str) -> str:
        if self.cleaned_data[name] == getattr(self.instance, name):
            return str(self.cleaned_data[name])  # stored under an older rule, perhaps
        try:
            return clean_staff_names(**{name: self.cleaned_data[name]})[name]
        except ValidationFailed as problem:
            faults = [forms.ValidationError(gettext(f.detail), f.code) for f in problem.errors]
            raise forms.ValidationError(faults) from problem

    def clean_email(self) -> str:
        """Return the address, which is canonical, if no other member of staff has it."""
        email = str(self.cleaned_data["email"])
        if StaffUser.objects.filter(email=email).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("A member of staff has this e-mail address."), "taken")
        return email


class NewStaffForm(_StaffFieldsForm, BaseUserCreationForm):  # type: ignore[type-arg]
    """A new member of staff and their first password."""

    class Meta:
        model = StaffUser
        fields = ("email", "first_name", "last_name")
        field_classes: ClassVar = {"email": EmailAddressFormField}

    def save(self, commit: bool = True) -> StaffUser:
        """Save them with a password that they have to change."""
        self.instance.password_change_required = True
        staff: StaffUser = super().save(commit)
        return staff


class ChangeStaffForm(_StaffFieldsForm, UserChangeForm):  # type: ignore[type-arg]
    """What can be changed of a member of staff."""

    class Meta:
        model = StaffUser
        fields = "__all__"  # noqa: DJ007 - the admin shows the fieldsets that it declares
        field_classes: ClassVar = {"email": EmailAddressFormField}

    def clean(self) -> dict[str, Any] | None:
        """Refuse to leave the platform without anybody who may do everything."""
        cleaned = super().clean()
        values = {**vars(self.instance), **self.cleaned_data}
        keeps_right = values["is_active"] and values["is_superuser"]
        if not keeps_right and is_last_superuser(self.instance):
            raise forms.ValidationError(_("Somebody must remain who may do everything."))
        return cleaned


def is_last_superuser(staff: StaffUser) -> bool:
    """Tell whether no other active member of staff may do everything."""
    able = StaffUser.objects.filter(is_active=True, is_superuser=True)
    return able.filter(pk=staff.pk).exists() and not able.exclude(pk=staff.pk).exists()
